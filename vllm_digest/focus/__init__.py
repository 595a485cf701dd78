"""The rules that recognize an ecosystem such as AMD/ROCm, and the relevance of a thread to it; pure."""
