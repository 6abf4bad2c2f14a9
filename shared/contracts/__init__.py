"""Every message that services exchange, and the topics they travel on; nothing else."""
