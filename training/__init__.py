"""The retraining job: segregate, train, evaluate. It may import chalicelib.vision and chalicelib.domain, never the reverse."""
