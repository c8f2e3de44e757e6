"""HiPPO memories."""
