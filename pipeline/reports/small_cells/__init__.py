"""Disclosure control: small counts are merged or hidden before a person reads them."""
