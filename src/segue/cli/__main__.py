"""`python -m segue.cli`, as the supervisor starts its children."""

from segue.cli import main

main()
