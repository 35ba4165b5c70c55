"""The listening end of the trunk."""

import asyncio
import errno
import secrets
import ssl
from typing import cast

from segue.adapters.clock.port import Clock
from segue.adapters.trunk.handshake import NONCE_BYTES, Handshake
from segue.adapters.trunk.link import Link
from segue.adapters.trunk.port import UNPROVEN_LINKS_MAX, TrunkAddress, TrunkHandler, TrunkIdentity
from segue.model.errors import ConfigError


class TrunkListener:
    """An open listener; `address` has the real port when 0 was asked for."""

    def __init__(self, server: asyncio.Server, address: TrunkAddress) -> None:
        self.address = address
        self._server = server

    def close(self) -> None:
        """Accept no more; links that are up are their owner's to close."""
        self._server.close()


async def serve_trunk(
    address: TrunkAddress,
    identity: TrunkIdentity,
    *,
    peer_role: str,
    handler: TrunkHandler,
    clock: Clock,
    tls: ssl.SSLContext | None = None,
) -> TrunkListener:
    """Listen; each peer that proves itself is given to `handler.on_linked`.

    Raises:
        ConfigError: The address is in use or not of this machine.
    """
    unproven: set[Link] = set()

    def make() -> asyncio.Protocol:
        unproven.difference_update([link for link in unproven if link.is_open or link.is_over])
        if len(unproven) >= UNPROVEN_LINKS_MAX:
            handler.on_rejected("", f"{UNPROVEN_LINKS_MAX} connections are still unproven")
            return _Refusal()
        nonce = secrets.token_bytes(NONCE_BYTES)
        handshake = Handshake(identity, peer_role=peer_role, is_dialler=False, nonce=nonce)
        link = Link(handshake, handler, clock, peer_role=peer_role)
        unproven.add(link)
        return link

    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(make, address.host, address.port, ssl=tls)
    except OSError as error:
        raise _unusable(address, error) from error
    port: int = server.sockets[0].getsockname()[1]
    return TrunkListener(server, TrunkAddress(host=address.host, port=port))


class _Refusal(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()


def _unusable(address: TrunkAddress, error: OSError) -> ConfigError:
    where = f"trunk listener {address}"
    if error.errno == errno.EADDRINUSE:
        hint = "stop the process that listens there (is another core running?) or choose another port"
        return ConfigError(where, f"port {address.port} is in use", hint=hint)
    return ConfigError(
        where, error.strerror or str(error), hint="choose an address of this machine and a port above 1023"
    )
