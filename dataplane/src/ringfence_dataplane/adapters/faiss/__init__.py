"""Vector store on the tenant's volume: FAISS segments under an authenticated manifest.

FAISS opens a file with a flipped bit and answers wrongly without an error, and a crafted file can crash it. So
nothing is read that the manifest does not vouch for, and the manifest is believed only with a MAC under the tenant's
key. The store can be lost at any time: it is rebuilt from the document store, which holds every vector.
"""

from ringfence_dataplane.adapters.faiss.index import FaissIndex

__all__ = ["FaissIndex"]
