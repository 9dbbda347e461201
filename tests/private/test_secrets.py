"""Secrets by the name before them, by vendor and by chance alone; and what is none."""

import random
import string

import pytest
from conftest import ROOT, yaml

from seedbed.private.detection import anonymize
from seedbed.private.kinds import AnonymizeParams

KEY = b"a key of these tests"
WANTED = AnonymizeParams(**yaml.load(ROOT / "params.yaml")["anonymize"]).wanted
ALPHABET = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def after(text: str) -> str:
    return anonymize([text], WANTED, KEY, "placeholder")[0].text


def chance(length: int, alphabet: str = ALPHABET) -> str:
    return "".join(random.Random(length).choices(alphabet, k=length))  # the same in each run


NAMED = [
    ("DB_PASSWORD={}", "Xy12345678abc"),
    ("export SLACK_TOKEN={}", "abcd1234efgh5678"),
    ("my_api_key: {}", "9f8e7d6c5b4a39281706"),
    ("aws_secret_access_key = {}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("Authorization: Basic {}", "dXNlcjpwYXNzd29yZDEyMw=="),
    ("Authorization: Bearer {}", chance(40)),
    ("X-Api-Key: {}", chance(32, HEX)),
    ('{{"password": "{}"}}', "hunter-two-x"),
    ('"db_password": "{}",', "correct horse battery"),
    ("config['api_key'] = '{}'", chance(24)),
    ("dbPassword = {}", "Qwertz99"),
    ("POSTGRES_PASSWORD: {}", "zebra-9"),
    ("DB_PASS={}", "gh12jk34"),
    ("SECRET_KEY_BASE={}", chance(64, HEX)),
    ("CLIENT_SECRET_PROD={}", chance(30)),
    ("see https://shop.com/x?token={}", chance(20)),
    ("mysql -u root --password {}", "tr0ub4dor"),
    ("mysql --password={} shop", "troubador"),
    ("curl -u admin:{} https://shop.com", "Passw0rd!"),
    ("postgres://ann:{}@db.host/x", "s3cr3tpw"),
    ("redis://:{}@cache:6379", "Abc12345"),
    ("machine shop login bob password {}", "zebrafish"),
    ("Server=x;Pwd={};", "Kl9!xyz0"),
    ("my password is {}", "hunter22"),
    ("password: {}", "sunshine"),
    ("<password>{}</password>", "abcDEF123"),
    ("the key for it is {} thanks", chance(32)),
    ("heroku: {}", "01234567-89ab-cdef-0123-456789abcdef"),
    ("DefaultEndpointsProtocol=https;AccountKey={};X=y", chance(86) + "=="),
]
TOKENS = {
    "slack_webhook": f"https://hooks.slack.com/services/T{chance(8)}/B{chance(8)}/{chance(24)}",
    "slack": f"xoxb-123456789012-{chance(24)}",
    "twilio": f"SK{chance(32, HEX)}",
    "telegram": f"123456789:AA{chance(33)}",
    "discord": f"M{chance(23)}.{chance(6)}.{chance(27)}",
    "mailchimp": f"{chance(32, HEX)}-us12",
    "mailgun": f"key-{chance(32, HEX)}",
    "shopify": f"shpat_{chance(32, HEX)}",
    "databricks": f"dapi{chance(32, HEX)}",
    "square": f"sq0atp-{chance(22)}",
    "linear": f"lin_api_{chance(40)}",
    "atlassian": f"ATATT3{chance(180)}",
    "notion": f"ntn_{chance(46)}",
    "vault": f"hvs.{chance(90)}",
    "github": f"ghs_{chance(36)}",
    "github, fine-grained": f"github_pat_{chance(22)}_{chance(59)}",
    "gitlab": f"glpat-{chance(20)}",
    "npm": f"npm_{chance(36)}",
    "pypi": f"pypi-AgEIcHlwaS5vcmc{chance(80)}",
    "stripe": f"sk_live_{chance(24)}",
    "sendgrid": f"SG.{chance(22)}.{chance(43)}",
    "google": f"AIza{chance(35)}",
    "google, client": f"GOCSPX-{chance(28)}",
    "openai": f"sk-proj-{chance(60)}",
    "anthropic": f"sk-ant-api03-{chance(90)}",
    "huggingface": f"hf_{chance(34)}",
    "digitalocean": f"dop_v1_{chance(64, HEX)}",
    "heroku": f"HRKU-AA{chance(58)}",
    "doppler": f"dp.pt.{chance(43)}",
    "fly": f"fm2_{chance(100)}",
    "jwt": f"eyJ{chance(30)}.eyJ{chance(50)}.{chance(43)}",
    "pem": f"-----BEGIN RSA PRIVATE KEY-----\n{chance(64)}\n-----END RSA PRIVATE KEY-----",
    "aws": f"AKIA{chance(16, string.ascii_uppercase)}",
}


@pytest.mark.parametrize(("form", "secret"), NAMED)
def test_a_name_gives_a_secret_away(form: str, secret: str) -> None:
    assert secret not in after(form.format(secret))


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_tokens_of_vendors_go_without_a_name(token: str) -> None:
    assert after(f"log: {token} end") == "log: <API_KEY> end"


@pytest.mark.parametrize(
    "text",
    [
        "password: forgot",
        "the token = a sign",
        "I forgot my password, please reset it",
        "Password: please help",
        "token of appreciation = thanks",
        "primary_key = user_id_field",
        "token_count: 123456",
        "API_KEY=${API_KEY}",
        "turkey-key: abcdefg",
        "authorization: required for everyone",
    ],
)
def test_words_about_secrets_stay(text: str) -> None:
    assert after(text) == text
