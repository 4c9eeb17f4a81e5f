"""mosquitto (2.0.11 and later) as a child process: its configuration and where it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from muster.engines.access import AccessFiles
from muster.engines.device_tls import TlsFiles
from muster.engines.limits import IN_FLIGHT_MAX, MESSAGE_BYTES_MAX, QUEUED_BYTES_MAX, QUEUED_MAX

# Debian installs it where an ordinary user's PATH does not look.
_ALSO_IN = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
# Sessions, retained states and what waits in queues are written this often; kill -9 loses at most this much of the
# broker's memory, which the devices' own buffers cover. Writing on every change would cost a file a message.
AUTOSAVE_S = 5
# A device that has not come back after this long is gone: its waiting commands are worthless.
SESSION_EXPIRES = "14d"


def find_mosquitto() -> Path | None:
    """The program, or None when it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *_ALSO_IN))
    found = shutil.which("mosquitto", path=path)
    return None if found is None else Path(found)


def render_config(folder: Path, port: int, gateway_port: int, files: AccessFiles, tls: TlsFiles | None = None) -> str:
    """mosquitto.conf: passwords on loopback alone, nobody anonymous, everything waiting bounded.

    A device's client id is its user name, so that none ends or takes over a session that is not its own; the gateway,
    which has a session for each site, comes in by a port of its own that takes no other login.

    No ``user``: we never start it as root (muster.engines.unprivileged), and an ordinary user's broker stays itself.
    """
    return f"""\
per_listener_settings true
listener {port} 127.0.0.1
allow_anonymous false
allow_zero_length_clientid false
password_file {files.passwords}
acl_file {files.acl}
max_connections -1
use_username_as_clientid true

listener {gateway_port} 127.0.0.1
allow_anonymous false
allow_zero_length_clientid false
password_file {files.gateway_passwords}
acl_file {files.acl}
max_connections -1
{"" if tls is None else _render_tls(files, tls)}
persistence true
persistence_location {folder}/
autosave_interval {AUTOSAVE_S}
autosave_on_changes false
persistent_client_expiration {SESSION_EXPIRES}

message_size_limit {MESSAGE_BYTES_MAX}
max_inflight_messages {IN_FLIGHT_MAX}
max_queued_messages {QUEUED_MAX}
max_queued_bytes {QUEUED_BYTES_MAX}
set_tcp_nodelay true
sys_interval 0

log_dest stderr
log_timestamp_format %Y-%m-%dT%H:%M:%S
log_type error
log_type warning
log_type notice
connection_messages false
"""


def _render_tls(files: AccessFiles, tls: TlsFiles) -> str:
    """The listener for certificates: the common name is the user, and the client id too, so that no device takes over
    another's session. With a crlfile SIGHUP reads all these files again (2.0, mosquitto_security_apply_default)."""
    return f"""
listener {tls.listener.port} {tls.listener.host}
allow_anonymous false
acl_file {files.acl}
max_connections -1
cafile {tls.authority}
certfile {tls.server}
keyfile {tls.server}
crlfile {tls.revocations}
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
"""
