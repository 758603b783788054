"""What ships beside the code: compiled wheels and model packs. Never weights in git."""
