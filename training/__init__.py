"""The retraining job: segregate, train, evaluate. It may import chalicelib.vision and domain, never the reverse."""
