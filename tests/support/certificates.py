# SPDX-License-Identifier: MIT
"""TLS certificates for the tests, made on demand by a certificate authority of their own."""

import datetime
import ssl

import pytest

trustme = pytest.importorskip("trustme", reason="trustme is not installed: no TLS tests")

HOST = "secure.example"


class Certificates:
    """One certificate authority and what it has signed, also as PEM files in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        self.ca.cert_pem.write_to_path(self.ca_file)
        client = self.ca.issue_cert("client@secure.example", common_name="the client")
        self.key_file = str(folder / "client.key")
        self.cert_file = str(folder / "client.pem")
        client.private_key_pem.write_to_path(self.key_file)
        for pem in client.cert_chain_pems:
            pem.write_to_path(self.cert_file, append=True)

    def server(self, *names, ca=None, client_required=False, **options):
        """A server's context with a certificate for `names` (default: HOST and the loopback)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        names = names or (HOST, "localhost", "127.0.0.1", "::1")
        (ca or self.ca).issue_cert(*names, **options).configure_cert(context)
        if client_required:
            self.ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def server_files(self, *names):
        """(certificate file, key file) for a server that is not Python."""
        issued = self.ca.issue_cert(*(names or (HOST, "localhost", "127.0.0.1")))
        cert, key = self.folder / "server.pem", self.folder / "server.key"
        issued.private_key_pem.write_to_path(str(key))
        cert.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        return str(cert), str(key)

    def expired(self):
        """A server's context with a certificate that was good until yesterday."""
        day = datetime.timedelta(days=1)
        now = datetime.datetime.now(datetime.timezone.utc)
        return self.server(not_before=now - 9 * day, not_after=now - day)

    def client(self):
        """A client's context that trusts the authority."""
        return ssl.create_default_context(cafile=self.ca_file)
