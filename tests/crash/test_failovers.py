"""A short form of `make failovers`: two hosts on a PostgreSQL pair whose primary dies."""
from failovers import main

main(rounds=3, workers=6)
