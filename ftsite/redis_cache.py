"""Django's Redis cache with one pool of connections a process.

Django makes a cache object for every request under ASGI, each with a pool of its own: every request would connect to
Redis anew, for a third of what an idle poll costs.
"""

from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient

_pools: dict[Any, Any] = {}


class PooledClient(RedisCacheClient):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pools = _pools  # by the index of the server; there is one


class PooledCache(RedisCache):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._class = PooledClient
