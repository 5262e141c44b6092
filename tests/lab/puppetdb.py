"""A PuppetDB beside the lab's Puppet server, as the packages of Debian bring it, with a database of its own."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from docs.place import Place

from generator.lab import Host, services

from . import puppets

ADDRESS = f"https://{puppets.SERVER}:8081"
BUILD_HOST = "build-host"
SETTINGS = "/etc/puppetdb/conf.d"
ALLOWED = "/etc/puppetdb/certificate-allowlist"
LOG = "/var/log/puppetdb/console.log"
# it is reached on this address of its host only
DATABASE = """\
[database]
subname = //127.0.0.1:5432/puppetdb
username = puppetdb
password = unused
maximum-pool-size = 4
"""
JETTY = """\
[jetty]
host = 127.0.0.1
port = 8080
ssl-host = 0.0.0.0
ssl-port = 8081
ssl-key = {ssl}/private_keys/{name}.pem
ssl-cert = {ssl}/certs/{name}.pem
ssl-ca-cert = {ssl}/certs/ca.pem
"""
# it runs for two minutes: what pays off after an hour is left out
JAVA = "/usr/bin/java -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp /usr/share/puppetdb/puppetdb.jar"
MAIN = "clojure.main -m puppetlabs.puppetdb.core services"
CONFIGURATION = f"--config {SETTINGS} --bootstrap-config /etc/puppetdb/bootstrap.cfg"
POSTGRES = """\
set -eu
as_postgres() { runuser -u postgres -- "$@"; }
programs=$(echo /usr/lib/postgresql/*/bin)
data=/var/lib/postgresql/puppetdb
install -d -o postgres -g postgres /run/postgresql
cd /
as_postgres "$programs/initdb" -D $data -N -E UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=trust >/dev/null
as_postgres "$programs/pg_ctl" -s -w -D $data -l $data/log -o '-c listen_addresses=127.0.0.1 -c fsync=off' start
as_postgres psql -q -c 'create role puppetdb login' -c 'create database puppetdb owner puppetdb'
as_postgres psql -q -d puppetdb -c 'create extension pg_trgm'
usermod --append --groups puppet puppetdb
"""


def begin(host: Host) -> None:
    """Start it with the certificate of the Puppet server, which must be there; `wait` says when it is up."""
    puppets.put(host, f"{SETTINGS}/database.ini", DATABASE)
    puppets.put(host, f"{SETTINGS}/jetty.ini", JETTY.format(ssl=puppets.SSL, name=puppets.SERVER))
    puppets.put(host, f"{SETTINGS}/puppetdb.ini", f"[puppetdb]\ncertificate-allowlist = {ALLOWED}\n")
    puppets.put(host, ALLOWED, f"{puppets.SERVER}\n{BUILD_HOST}\n")
    puppets.put(host, "/etc/puppet/puppetdb.conf", f"[main]\nserver_urls = {ADDRESS}\n")
    host.run(["cp", "/usr/share/doc/puppet-terminus-puppetdb/routes.yaml.example", "/etc/puppet/routes.yaml"])
    host.run(["bash", "-c", POSTGRES], seconds=puppets.PATIENCE)
    services.background(host, f"runuser -u puppetdb -- {JAVA} {MAIN} {CONFIGURATION}", LOG)


def wait(host: Host) -> None:
    """Return once it answers; what it said instead is the error."""
    puppets.await_running(host, "http://127.0.0.1:8080/status/v1/simple", LOG)


def everything(host: Host) -> str:
    """All that the database holds, as text."""
    return host.run(["bash", "-c", "cd /; runuser -u postgres -- pg_dump puppetdb"], seconds=puppets.PATIENCE).out


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """A place of somebody who compiles, on the wire of ``host``, whose names of machines it knows."""

    place: Place
    host: Host

    def shell(self, script: str) -> tuple[int, str]:
        names = self.place.path("hosts")
        names.write_bytes(self.host.path("/etc/hosts").read_bytes())
        return self.place.shell(script, entering=entering(self.host, names))

    def path(self, written: str) -> Path:
        return self.place.path(written)


def entering(host: Host, names: Path) -> Sequence[str]:
    """The words that call something on the wire of ``host``, with the file ``names`` for its /etc/hosts."""
    script = f'mount --bind {shlex.quote(str(names))} /etc/hosts && exec "$@"'
    return ("nsenter", "-t", str(host.first), "-n", "--", "unshare", "-m", "bash", "-c", script, "bash")
