"""The Ringfence data plane: one tenant's RAG service."""
