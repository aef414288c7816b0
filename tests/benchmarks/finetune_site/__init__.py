"""A hospital that does not exist, made from real scans: does fine-tuning on its ratings help on patients it never saw?

Run by hand, never by the test suite: `python -m tests.benchmarks.finetune_site --data SCANS --out FOLDER`.
"""
