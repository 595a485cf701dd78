"""`python -m vllm_digest`."""

from vllm_digest.cli import main

if __name__ == "__main__":
    main()
