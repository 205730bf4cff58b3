"""`python -m fnet_studio.worker`."""

from fnet_studio.worker.main import main

if __name__ == "__main__":
    raise SystemExit(main())
