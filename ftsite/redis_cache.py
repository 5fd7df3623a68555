"""Django's Redis cache with one client, and its pool of connections, a process; and one that may be away.

Django makes a cache object for every request under ASGI, with a client and a pool of its own: every request would
connect to Redis again, and look up versions of packages to say who connects, for a third of what an idle poll costs.

Nothing that the cache holds is the truth: sessions are rows, and what else is there counts and remembers. While Redis
is away every look finds nothing, and so a rate limit lets pass.
"""

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

SECONDS = 1.0  # that a call may take, and that Redis is left alone for after one that failed
MOST_MISSED = 10_000


class KeptClient(RedisCacheClient):
    _kept: Any = None
    _away_until = 0.0
    _is_away = False

    def __init__(self, servers: list[str]) -> None:
        options: dict[str, Any] = {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS}
        super().__init__(servers, **options, retry=Retry(NoBackoff(), 1))
        self.errors = (RedisError, OSError)
        self.missed: set[str] = set()  # keys whose change did not get through: what Redis still has of them is old

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """There is one server: the client that writes to it reads from it, in any thread."""
        self._kept = self._kept or super().get_client(key, write=True)
        return self._kept

    def _unless_away[T](self, act: Callable[[], T], otherwise: T, *changed: str) -> T:
        """Do `act`, or give `otherwise`. `changed`: keys that must not be read again if it failed."""
        if time.monotonic() >= self._away_until:
            try:
                self._catch_up()
                result = act()
            except self.errors as error:
                self._note_away(error)
            else:
                self._note_back()
                return result
        if len(self.missed) < MOST_MISSED:
            self.missed.update(changed)
        return otherwise

    def _catch_up(self) -> None:
        """Forget what is old by now: somebody who signed out meanwhile is out."""
        if self.missed:
            known = list(self.missed)
            super().delete_many(known)
            self.missed.difference_update(known)

    def _note_away(self, error: Exception) -> None:
        self._away_until = time.monotonic() + SECONDS
        if not self._is_away:
            self._is_away = True
            log.warning(
                "Redis is away (%s): rate limits let pass, sessions come from the database", type(error).__name__
            )

    def _note_back(self) -> None:
        if self._is_away:
            self._is_away = False
            log.warning("Redis is back")

    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        return self._unless_away(lambda: RedisCacheClient.add(self, key, value, timeout), True)

    def get(self, key: Any, default: Any) -> Any:
        return self._unless_away(lambda: RedisCacheClient.get(self, key, default), default)

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        self._unless_away(lambda: RedisCacheClient.set(self, key, value, timeout), None, key)

    def touch(self, key: Any, timeout: Any) -> bool:
        return self._unless_away(lambda: RedisCacheClient.touch(self, key, timeout), False)

    def delete(self, key: Any) -> bool:
        return self._unless_away(lambda: RedisCacheClient.delete(self, key), False, key)

    def get_many(self, keys: Any) -> Any:
        return self._unless_away(lambda: dict(RedisCacheClient.get_many(self, keys)), dict[Any, Any]())

    def has_key(self, key: Any) -> bool:
        return self._unless_away(lambda: RedisCacheClient.has_key(self, key), False)

    def incr(self, key: Any, delta: Any) -> Any:
        return self._unless_away(lambda: RedisCacheClient.incr(self, key, delta), delta, key)

    def set_many(self, data: Any, timeout: Any) -> None:
        self._unless_away(lambda: RedisCacheClient.set_many(self, data, timeout), None, *data)

    def delete_many(self, keys: Any) -> None:
        self._unless_away(lambda: RedisCacheClient.delete_many(self, keys), None, *keys)

    def clear(self) -> bool:
        return self._unless_away(lambda: RedisCacheClient.clear(self), False)


@cache
def kept_client(servers: tuple[str, ...]) -> KeptClient:
    return KeptClient(list(servers))


class PooledCache(RedisCache):
    @property
    def _cache(self) -> KeptClient:
        return kept_client(tuple(self._servers))  # type: ignore[attr-defined]  # the stubs leave it out
