"""Makes `python -m percolate_reading` the same program as `percolate-reading`; holds no logic."""

from percolate_reading.cli import main

if __name__ == "__main__":
    main()
