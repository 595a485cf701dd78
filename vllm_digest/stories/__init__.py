"""What the stored reports say of a thread over time: its story, what is watched, and what became of it."""
