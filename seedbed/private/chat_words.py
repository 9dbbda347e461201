"""Words that are nobody's name and that no dictionary of nouns, verbs and the like has: what people
write in chats, and small words such as "into"."""

import re

CHAT = frozenset(
    (
        "afterparty against ahaha aint alot alright although among amongst anybody anyone"
        " anything arent aww awww babe bby bcuz bday because beside bestie between bff biggie bout"
        " bro bros btw cannot cant children congrats could couldnt coz cuz cya dat dawg def deffo"
        " despite did didnt does doesnt dont dunno during eachother else everybody everyone"
        " everything everytime facebook fam fav fave fb finna from ftw fyi gawd gig gonna"
        " goodnight gotta gurl had haha hahaha has havent havnt hehe hella her hers herself hey"
        " heya heyy him himself his hmm homie however howre hurray idk ikr ima imma ing instagram"
        " into isnt its itself ive jk jst jus kinda kno lemme lil lmao lmfao lol luv mah mmuah mum"
        " must myself nah nobody none nope nothing obv okay omfg omg onto ooh ourselves people pls"
        " plz ppl prob prolly proly retweet rly rofl rt selfie shall she shes shit shits should"
        " shoulda shouldnt since sittin smh snapchat somebody someone something soo sooo sumthin"
        " sup tbh testin tha than thats theirs them themselves theres these they theyre thinkin"
        " tho those though thru thts thx til tmr tomorro tonite totes toward towards tryna tumblr"
        " twitter ugh unless unlike until upon ure usin via vid vids wanna was wasnt wat wen were"
        " weve wha wham whatcha whatchu whatever whenever whereas wherever whether which whichever"
        " while whoever whom whomever whos whose wif wit with within without woah women wont"
        " workin would woulda wouldnt wtf wth xoxo yall yay yea yeah yep yer youre yours yourself"
        " youtube youve yum yup"
    ).split()
)
LENGTHENED = re.compile(r"(.)\1\1|^(?:ha){2}|^(?:he){2}|^lo+l+(?:ol)*$")


def is_chat(word: str) -> bool:
    """Whether a word in lower case is such a word, or is drawn out: "gonna", "sooo", "hahaha"."""
    return word in CHAT or LENGTHENED.search(word) is not None
