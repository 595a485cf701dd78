"""What an ecosystem such as AMD/ROCm is known by, and how much a thread concerns it; pure."""
