"""Ways of fine-tuning, siblings of one shape.

Each module has `Params`, its section under `approaches:` in params.yaml, and
`fine_tune(task, params, seed, folder) -> curve`, which writes a model that stock libraries load.
"""

NAMES = ("feature", "full", "lora", "prompt")
