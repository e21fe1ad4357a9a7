"""Networks, losses, the loop and its checkpoints; imports `music`."""
