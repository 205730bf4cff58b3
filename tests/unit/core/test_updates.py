import hashlib
import threading

import msgspec
import pytest
from local_hubs import Folder

from fnet_studio import __version__
from fnet_studio.cli.update import _progress
from fnet_studio.core import signatures, updates
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.settings import Settings

SECRET = bytes(range(32))
KEY = signatures.public_key(SECRET).hex()
PACKAGE = bytes(range(256)) * 400
NAME = "fnet-studio.whl"


def feed(*versions: str, digest: str = hashlib.sha256(PACKAGE).hexdigest()) -> updates.Feed:
    file = updates.File(NAME, digest, len(PACKAGE), "whl")
    return updates.Feed(1, tuple(updates.Release(version, "2026-12-01", "Better.", (file,)) for version in versions))


@pytest.fixture
def publisher(tmp_path, home, monkeypatch):
    monkeypatch.delenv("FNET_STUDIO_OFFLINE", raising=False)
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / NAME).write_bytes(PACKAGE)
    (folder / "feed.json").write_bytes(updates.signed(feed("99.0"), SECRET))
    with Folder(folder) as it:
        yield it


@pytest.fixture
def source(publisher):
    return updates.Source(f"{publisher.address}/feed.json", KEY)


def failure(source) -> str:
    with pytest.raises(UserError) as caught:
        updates.check(source)
    assert caught.value.advice
    return caught.value.kind


def test_signatures_are_those_of_rfc_8032():
    """Its tests 1 to 3 (section 7.1)."""
    for secret, public, message, signature in (
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a",
        ),
    ):
        key, text, sealed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
        assert signatures.public_key(bytes.fromhex(secret)) == key
        assert signatures.sign(bytes.fromhex(secret), text) == sealed
        assert signatures.verify(key, text, sealed)
        assert not signatures.verify(key, text + b".", sealed)
        for place in (0, 31, 32, 63):
            assert not signatures.verify(key, text, _flipped(sealed, place))
        assert not signatures.verify(_flipped(key, 5), text, sealed)


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]


def test_a_newer_release_is_found_and_its_file_arrives_verified(source):
    update = updates.check(source)
    assert update.release is not None
    assert update.file is not None
    assert (update.release.version, update.release.notes) == ("99.0", "Better.")
    path = updates.fetch(update.file)
    assert path.read_bytes() == PACKAGE
    assert path.parent == updates.folder()


@pytest.mark.parametrize("versions", [(), (__version__,), ("0.0.1", f"{__version__}.0")])
def test_a_feed_without_anything_newer_offers_nothing(publisher, source, versions):
    (publisher.folder / "feed.json").write_bytes(updates.signed(feed(*versions), SECRET))
    assert updates.check(source) == updates.Update(None, None)


def test_the_newest_is_by_number_and_not_by_spelling(publisher, source):
    (publisher.folder / "feed.json").write_bytes(updates.signed(feed("9.9", "10.0", "9.10"), SECRET))
    release = updates.check(source).release
    assert release is not None
    assert release.version == "10.0"


def test_a_tampered_feed_is_refused(publisher, source):
    path = publisher.folder / "feed.json"
    path.write_bytes(path.read_bytes().replace(b"99.0", b"99.1"))
    assert failure(source) == "update.signature"


def test_a_feed_of_somebody_else_is_refused(publisher, source):
    (publisher.folder / "feed.json").write_bytes(updates.signed(feed("99.0"), SECRET[::-1]))
    assert failure(source) == "update.signature"


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_truncated_feed_is_refused(publisher, source, kept):
    path = publisher.folder / "feed.json"
    path.write_bytes(path.read_bytes()[:kept])
    assert failure(source) == "update.damaged"


def test_a_feed_that_breaks_off_on_the_way_is_refused(publisher, source):
    publisher.cut["feed.json"] = 50
    assert failure(source) == "download.no-network"


def test_a_feed_without_end_is_refused(publisher, source):
    (publisher.folder / "feed.json").write_bytes(b" " * (updates.FEED_BYTES + 1))
    assert failure(source) == "download.too-long"


def test_an_unreachable_feed_and_a_wrong_address_are_told(publisher, source):
    assert failure(updates.Source("http://127.0.0.1:9/feed.json", KEY)) == "download.no-network"
    assert failure(updates.Source(f"{publisher.address}/other.json", KEY)) == "download.refused"
    assert failure(updates.Source("feed.json", KEY)) == "download.address"


def test_without_a_feed_or_a_key_nobody_is_asked(publisher, source):
    assert failure(updates.Source("", "")) == "update.no-feed"
    assert failure(source._replace(key="12")) == "update.no-key"
    assert failure(source._replace(key="")) == "update.no-key"


def test_offline_nobody_is_asked(publisher, source, monkeypatch):
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "1")
    assert failure(source) == "download.offline"
    assert publisher.requests == []


@pytest.mark.parametrize(
    "change",
    [{"schema": "1"}, {"releases": [{"version": "1.0-beta"}]}, {"product": "another"}, {"releases": 3}],
)
def test_a_signed_feed_of_another_shape_is_refused(publisher, source, change):
    text = msgspec.json.encode({"product": "fnet-studio", "schema": 1, "releases": [], **change}).decode()
    document = {"signed": text, "signature": signatures.sign(SECRET, text.encode()).hex()}
    (publisher.folder / "feed.json").write_bytes(msgspec.json.encode(document))
    assert failure(source) == "update.damaged"


def test_a_feed_of_a_later_form_says_so(publisher, source):
    (publisher.folder / "feed.json").write_bytes(
        updates.signed(msgspec.structs.replace(feed("99.0"), schema=2), SECRET)
    )
    assert failure(source) == "update.newer-feed"


def test_a_tampered_file_is_thrown_away(publisher, source):
    file = updates.check(source).file
    assert file is not None
    publisher.corrupted.add(NAME)
    with pytest.raises(UserError) as caught:
        updates.fetch(file)
    assert caught.value.kind == "download.checksum"
    assert list(updates.folder().iterdir()) == []


def test_a_file_that_broke_off_goes_on_where_it_ended(publisher, source):
    file = updates.check(source).file
    assert file is not None
    publisher.cut[NAME] = 30_000
    with pytest.raises(UserError):
        updates.fetch(file)
    assert updates.fetch(file).read_bytes() == PACKAGE
    assert publisher.ranges == [f"{NAME} bytes=30000-"]


def test_a_question_can_be_stopped(publisher, source):
    publisher.wait_after = 10
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Stopped):
        updates.check(source, stopped=stop.is_set)
    publisher.go_on.set()
    while any(thread.name == "download" for thread in threading.enumerate()):
        threading.Event().wait(0.01)


def test_the_file_is_that_of_the_machine_and_of_the_way_it_was_installed():
    files = tuple(
        updates.File(f"{system}-{machine}.{kind}", "0" * 64, 1, kind, system, machine)
        for system, machine, kind in (
            ("linux", "x86_64", "deb"),
            ("linux", "x86_64", "tar.xz"),
            ("linux", "aarch64", "deb"),
            ("windows", "x86_64", "msi"),
            ("any", "any", "whl"),
        )
    )
    release = updates.Release("1.0", files=files)

    def chosen(*where):
        file = updates.file_for(release, *where)
        return file.url if file else ""

    assert chosen("linux", "x86_64", ("deb", "tar.xz")) == "linux-x86_64.deb"
    assert chosen("linux", "x86_64", ("tar.xz", "deb")) == "linux-x86_64.tar.xz"
    assert chosen("linux", "aarch64", ("tar.xz", "deb")) == "linux-aarch64.deb"
    assert chosen("windows", "x86_64", ("msi", "exe")) == "windows-x86_64.msi"
    assert chosen("macos", "arm64", ("dmg",)) == ""
    assert chosen("macos", "arm64", ("whl",)) == "any-any.whl"


def test_the_feed_of_the_settings_comes_before_that_of_the_build(tmp_path, monkeypatch):
    (tmp_path / "release.toml").write_text('feed = "https://built.example/feed.json"\nkey = "aa"\n')
    monkeypatch.setattr(updates.places, "resources", lambda: tmp_path)
    assert updates.source(Settings()) == ("https://built.example/feed.json", "aa")
    own = Settings(update_feed=" https://own.example/f.json ", update_key="bb")
    assert updates.source(own) == ("https://own.example/f.json", "bb")


def test_a_wait_and_a_download_take_one_line_of_the_terminal(capsys):
    for told in (*[("waiting for a download", 0, 0)] * 9, ("downloading", 0, 0), *[("downloading", 10**6, 10**6)] * 9):
        _progress(*told)
    shown = capsys.readouterr().err
    assert "\n" not in shown
    assert shown.startswith("\r\x1b[KWaiting for a download …\r")
    assert shown.endswith("\r\x1b[K1.0 of 1.0 MB")
