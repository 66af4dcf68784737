"""Commands about photographs alone, without a wave."""
