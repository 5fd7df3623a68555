"""The last look before a call leaves: where does the host's name lead now?

A host may stand on the operator's list and its name still lead into the inside network, at once or by a later change
of the DNS. So a name is looked up once for a call, every address it has is judged, and the call goes to the very
address that was judged; TLS still verifies the name.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies

from django.conf import settings
from django.utils.translation import gettext_noop

from jobs.upstream import LOOPBACK, AddressRefusedError

if TYPE_CHECKING:
    import httpx2

type Address = IPv4Address | IPv6Address

LEADS_INSIDE = gettext_noop(
    "The name of this host leads to an address inside a private network, so it was not called. If it should be, the "
    "operator adds the host to UPSTREAM_PRIVATE_HOSTS."
)
NAT64 = IPv6Network("64:ff9b::/96")
UNICAST = IPv6Network("2000::/3")  # all that has ever been given out; the rest is old, reserved or inside


def pin(request: "httpx2.Request") -> None:
    """Aim `request` at an address that was judged. Raises AddressRefusedError, or OSError where the name is unknown.

    An HTTP client's request hook. Behind a proxy of the operator's (HTTPS_PROXY) the proxy looks names up and judges.
    """
    if _is_a_name(request) and not getproxies():
        _aim(request, [info[4][0] for info in socket.getaddrinfo(*_asked(request), type=socket.SOCK_STREAM)])


async def pin_async(request: "httpx2.Request") -> None:
    """The same for the asynchronous client."""
    if _is_a_name(request) and not getproxies():
        found = await asyncio.get_running_loop().getaddrinfo(*_asked(request), type=socket.SOCK_STREAM)
        _aim(request, [info[4][0] for info in found])


def leads_inside(text: str) -> bool:
    """Whether an address is anything but public: private, loopback, link-local, or a wrap of such a one."""
    address: Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _wrapped(address)
        if inner is None:
            return address not in UNICAST or not address.is_global
        address = inner
    return not address.is_global or address.is_multicast


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a public IPv6 address may mean. 6to4 and Teredo are no public addresses any more."""
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else address.ipv4_mapped


def _is_a_name(request: "httpx2.Request") -> bool:
    """An address written as such stands on the operator's list as such: nothing to look up."""
    try:
        ip_address(request.url.host)
    except ValueError:
        return True
    return False


def _asked(request: "httpx2.Request") -> tuple[str, int]:
    return request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)


def _may_lead_inside(host: str) -> bool:
    """Hosts of which the operator said so."""
    return (
        host in LOOPBACK or host == urlsplit(settings.TRAINER_URL).hostname or host in settings.UPSTREAM_PRIVATE_HOSTS
    )


def _aim(request: "httpx2.Request", addresses: list[str | int]) -> None:
    host = request.url.host
    found = sorted((str(address) for address in addresses), key=lambda text: ":" in text)  # IPv4 works everywhere
    if not _may_lead_inside(host) and any(leads_inside(text) for text in found):
        raise AddressRefusedError(LEADS_INSIDE)
    request.extensions = {**request.extensions, "sni_hostname": host}
    request.url = request.url.copy_with(host=found[0])
