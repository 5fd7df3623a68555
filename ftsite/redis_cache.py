"""Django's Redis cache with one client, and its pool of connections, a process.

Django makes a cache object for every request under ASGI, with a client and a pool of its own: every request would
connect to Redis anew, and look up versions of packages to say who connects, for a third of what an idle poll costs.
"""

from functools import cache
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient


class KeptClient(RedisCacheClient):
    _kept: Any = None

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """There is one server: the client that writes to it reads from it, in any thread."""
        self._kept = self._kept or super().get_client(key, write=True)
        return self._kept


@cache
def kept_client(servers: tuple[str, ...]) -> KeptClient:
    return KeptClient(list(servers))


class PooledCache(RedisCache):
    @property
    def _cache(self) -> KeptClient:
        return kept_client(tuple(self._servers))  # type: ignore[attr-defined]  # the stubs leave it out
