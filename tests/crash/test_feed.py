"""A short form of `make feed`: readers of the feed beside kills."""
from feed import main

main(seconds=5, workers=8)
