"""`python -m classroom_monitor`: the program, where the console script is not on the path."""

from classroom_monitor.cli import main

if __name__ == "__main__":
    main()
