"""A local server that speaks the platforms' gateways, so that everything runs without an account.

`python -m sandbox --port N [--seed N]`. Its data is a pure function of shop, day and seed,
and it can say what the truth is for any shop and day.
"""
