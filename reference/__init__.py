"""Compact PyTorch implementation of the ACE-Step 1.5 model family (never needed at run time)."""
