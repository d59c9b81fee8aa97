"""Tenants for these tests."""

from typing import Any

from ringfence_api.tenant import Tenant


def tenant(name: str = "acme", **spec: Any) -> Tenant:
    """A Tenant for development with some spec groups replaced."""
    return Tenant.parse(
        {
            "apiVersion": "ringfence.dev/v1alpha1",
            "kind": "Tenant",
            "metadata": {"name": name},
            "spec": {
                "auth": {"issuer": "https://login.example.com", "algorithm": "HS256", "dev": True},
                "search": {"docTypes": ["handbook", "product"], "topK": 3},
                "llm": {
                    "baseUrl": "http://llm.backends.svc:8080/v1",
                    "model": "smollm2-135m-instruct",
                    "inputPricePerMillionTokens": 0.15,
                },
                **spec,
            },
        }
    )
