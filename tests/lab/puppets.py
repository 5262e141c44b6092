"""A Puppet server and its agents on hosts of a lab, with the programs of this machine."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from generator.lab import Completed, Host, services
from tests.deliveries.puppet_builds import FACTER

from .machines import Node

# on an idle machine nothing here takes a minute
PATIENCE = 1800
SERVER = "puppet"
CODE = "/etc/puppet/code/environments/production"
LOG = "/var/log/puppetserver/console.log"
SSL = "/var/lib/puppet/ssl"
# all that Puppet writes, beside what it manages
OWN = (
    "/var/log/puppet",
    "/var/log/puppetserver",
    "/var/cache/puppet",
    "/var/lib/puppet",
    "/var/lib/puppetserver",
    "/var/log/puppetdb",
    "/var/lib/puppetdb",
    "/tmp",
    "/run",
)
REPORTS = "/var/lib/puppetserver/reports"
CONFIGURATION = """\
[main]
certname = {name}
server = puppet
keylength = 2048
[server]
autosign = true
storeconfigs = true
storeconfigs_backend = puppetdb
reports = store,puppetdb
reportdir = {reports}
"""
SSHD = "HostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM yes\nUseDNS no\n"
# it runs for two minutes: what pays off after an hour is left out
JAVA = "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# the agents' Ruby 3.1 can wait for half a minute for the second answer of a connection with TLS 1.3
TLS = "s/^webserver: {/webserver: {\\n    ssl-protocols: [TLSv1.2]/"


def prepare(host: Host, addresses: Mapping[str, str]) -> None:
    """What an administrator has done before: names, a host key, sshd, an agent that knows its server."""
    for private in ("/root", "/home", "/tmp"):
        host.run(["mount", "-t", "tmpfs", "-o", "mode=1777" if private == "/tmp" else "mode=0755", "empty", private])
    names = "".join(f"{address} {name}\n" for name, address in addresses.items())
    put(host, "/etc/hosts", f"127.0.0.1 localhost\n{names}")
    put(host, "/etc/ssh/sshd_config", SSHD)
    host.run(
        ["bash", "-c", "rm -f /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key"]
    )
    services.start_sshd(host)
    # as on every machine: Facter takes the address of the interface of this route for the host's own
    host.run(["ip", "route", "add", "default", "dev", "eth0"])
    put(host, "/etc/facter/facter.conf", FACTER)
    put(host, "/etc/puppet/puppet.conf", CONFIGURATION.format(name=host.name, reports=REPORTS))


def put(host: Host, path: str, content: str) -> None:
    host.run(["install", "-D", "-m", "0644", "/dev/stdin", path], stdin=content)


def begin_server(host: Host) -> None:
    """Make the authority and start the server, which tells PuppetDB; `await_server` says when it is up."""
    host.run(["sed", "-i", f"s/-Xms1g -Xmx1g/{JAVA}/", "/etc/default/puppetserver"])
    host.run(["sed", "-i", TLS, "/etc/puppet/puppetserver/conf.d/webserver.conf"])
    settings = "/etc/puppet/puppetserver/conf.d/puppetserver.conf"
    host.run(["sed", "-i", "s/#max-active-instances: 1/max-active-instances: 1/", settings])
    host.run(["puppetserver", "ca", "setup", "--certname", SERVER], seconds=PATIENCE)
    services.background(host, "puppetserver foreground", LOG)


def await_server(host: Host) -> None:
    """Return once the server answers; what it said instead is the error."""
    await_running(host, f"https://{SERVER}:8140/status/v1/simple", LOG)


def await_running(host: Host, status: str, log: str) -> None:
    """Return once a program of Puppet's tells at the address ``status`` that it runs; its ``log`` is the error."""
    ends = time.monotonic() + PATIENCE
    while host.run(["curl", "-sk", status], check=False).out != "running":
        assert time.monotonic() < ends, host.path(log).read_text("utf-8")[-3000:]
        time.sleep(0.2)


@dataclass(frozen=True, slots=True)
class Listening:
    """A node's console, and all that was said there."""

    node: Node
    said: list[str]

    def shell(self, script: str) -> tuple[int, str]:
        status, said = self.node.shell(script)
        self.said.append(said)
        return status, said

    def path(self, written: str) -> Path:
        return self.node.path(written)

    def agent(self, *options: str) -> tuple[int, str]:
        """A run of the agent, as the page has it."""
        return self.shell(f"puppet agent --test --color=false {' '.join(options)}")


def holding(host: Host, texts: Sequence[str]) -> list[str]:
    """Which files that Puppet has written, beside what it manages, hold one of ``texts``."""
    found = host.run(["grep", "-rlF", "-f", "/dev/stdin", *OWN], stdin="\n".join(texts), check=False)
    assert found.status in (0, 1), found
    return found.out.splitlines()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server's interface for agents has answered."""

    status: int
    body: str


def ask(host: Host, path: str, *options: str, port: int = 8140) -> Answer:
    """Ask what listens at ``port`` of the server's host with the certificate of the host's own agent."""
    tls = ("--cacert", f"{SSL}/certs/ca.pem", "--cert", f"{SSL}/certs/{host.name}.pem")
    key = ("--key", f"{SSL}/private_keys/{host.name}.pem")
    where = f"https://{SERVER}:{port}/{path}"
    said: Completed = host.run(
        ["curl", "-s", "--path-as-is", "-w", "\\n%{http_code}", *tls, *key, *options, where], seconds=PATIENCE
    )
    body, _, status = said.out.rpartition("\n")
    return Answer(status=int(status), body=body)


def facts(name: str, **values: object) -> tuple[str, ...]:
    """Curl's options for the request of a catalog with these facts, as an agent sends them."""
    text = json.dumps({"name": name, "values": values})
    return ("-d", "facts_format=application/json", "-d", f"facts={quote(quote(text, safe=''), safe='')}")
