"""Makes every connection whole: key and pinned host on its client, authorized line and sudo rule on its server."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from generator.engines.capsules import key_path, known_hosts_path, sudoers_path
from generator.engines.contribution import Connection
from generator.inventory.model import Fleet, Node
from generator.plan import (
    OWN_KEY_SUFFIX,
    Account,
    Artifact,
    AuthorizedKey,
    AuthorizedKeys,
    Grant,
    KnownHost,
    KnownHosts,
    OwnKey,
    PrivateKey,
    SudoersFragment,
)

LOOPBACK = ("127.0.0.1", "::1")


def operator_account(fleet: Fleet) -> Account:
    """The account that sshd runs forced commands under; its shell is needed by sshd, its password is locked."""
    operator = fleet.operator
    # a login shell with start-up files could break the rsync greeting, and nologin refuses forced commands
    return Account(
        name=operator.name,
        number=operator.number,
        home=operator.home,
        shell="/bin/sh",
        purpose="lets in the keys of other nodes, each for one program",
    )


def client_artifacts(
    fleet: Fleet, nodes: Mapping[str, Node], node: Node, outgoing: Sequence[Connection]
) -> list[Artifact]:
    """Private keys of ``node``'s own edges and the pinned keys of every host that they lead to."""
    if not outgoing:
        return []
    artifacts: list[Artifact] = [_key(fleet, node, connection) for connection in outgoing]
    servers = sorted({connection.edge.server for connection in outgoing})
    artifacts.append(
        KnownHosts(
            path=known_hosts_path(fleet),
            hosts=tuple(
                KnownHost(alias=name, keys=nodes[name].host_keys, origin=nodes[name].origin) for name in servers
            ),
            origin=node.origin,
        )
    )
    return artifacts


def server_artifacts(
    fleet: Fleet, nodes: Mapping[str, Node], node: Node, incoming: Sequence[Connection]
) -> list[Artifact]:
    """The operator's authorized keys and sudo rules on ``node``: one line an edge, one rule a capsule.

    A key that its node makes by itself, and that nobody knows yet, gets neither.
    """
    incoming = [connection for connection in incoming if _is_known(nodes, connection)]
    if not incoming:
        return []
    grants = {
        connection.capsule_path: Grant(capsule_path=connection.capsule_path, origin=connection.origin)
        for connection in incoming
    }
    return [
        AuthorizedKeys(
            path=f"{fleet.operator.home}/.ssh/authorized_keys",
            sudo=node.tools["sudo"],
            entries=tuple(
                _authorized_key(fleet, nodes, connection)
                for connection in sorted(incoming, key=lambda one: (one.edge.client, one.edge.capsule, one.edge))
            ),
            origin=node.origin,
        ),
        SudoersFragment(
            path=sudoers_path(fleet),
            operator=fleet.operator.name,
            digests=node.sudo_digests,
            grants=tuple(grants[path] for path in sorted(grants)),
            origin=node.origin,
        ),
    ]


def _key(fleet: Fleet, node: Node, connection: Connection) -> PrivateKey | OwnKey:
    path, reason = key_path(fleet, connection.edge.name), _reason(connection)
    own = node.own_keys.get(connection.edge.name)
    if own is None:
        return PrivateKey(
            path=path, edge=connection.edge, group=connection.key_group, origin=connection.origin, reason=reason
        )
    return OwnKey(
        path=f"{path}{OWN_KEY_SUFFIX}",
        edge=connection.edge,
        group=connection.key_group,
        public=own.public,
        origin=own.origin,
        reason=reason,
    )


def _is_known(nodes: Mapping[str, Node], connection: Connection) -> bool:
    own = nodes[connection.edge.client].own_keys.get(connection.edge.name)
    return own is None or bool(own.public)


def _reason(connection: Connection) -> str:
    return connection.reason or f"runs {connection.edge.capsule} on {connection.edge.server}"


def _client_addresses(nodes: Mapping[str, Node], connection: Connection) -> tuple[str, ...]:
    """Where the server sees the connection come from: the client's egress, or the machine itself."""
    edge = connection.edge
    client = nodes[edge.client]
    if edge.client != edge.server:
        return client.egress
    # a machine's connection to itself never passes its egress: it comes from where it goes to, or from loopback
    own = () if client.address in client.egress or not _is_address(client.address) else (client.address,)
    return (*client.egress, *own, *LOOPBACK)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _authorized_key(fleet: Fleet, nodes: Mapping[str, Node], connection: Connection) -> AuthorizedKey:
    own = nodes[connection.edge.client].own_keys.get(connection.edge.name)
    epoch = connection.edge.epoch
    previous = (epoch - 1,) if fleet.epochs.accept_previous and epoch > 1 else ()
    following = (epoch + 1,) if fleet.epochs.accept_next else ()
    return AuthorizedKey(
        edge=connection.edge,
        epochs=(*previous, epoch, *following) if own is None else (),
        own=() if own is None else own.public,
        addresses=_client_addresses(nodes, connection),
        capsule_path=connection.capsule_path,
        origin=connection.origin,
        reason=_reason(connection),
    )
