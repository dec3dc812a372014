//! Addresses as manifests give them, and the pages that are made of them.

use super::*;

const REQUESTS: &[(&str, &str)] = &[
    ("https://github.com/x/y", "https://github.com/x/y/pull/12"),
    ("https://github.com/x/y.git", "https://github.com/x/y/pull/12"),
    ("https://GitHub.com/X/y/", "https://github.com/X/y/pull/12"),
    ("http://www.github.com/x/y", "http://github.com/x/y/pull/12"),
    (
        "https://github.com/x/y/tree/main/crates/demo",
        "https://github.com/x/y/pull/12",
    ),
    ("https://github.com/x/y#readme", "https://github.com/x/y/pull/12"),
    ("git@github.com:x/y.git", "https://github.com/x/y/pull/12"),
    ("ssh://git@github.com:22/x/y.git", "https://github.com/x/y/pull/12"),
    ("git+https://me:secret@github.com/x/y", "https://github.com/x/y/pull/12"),
    (
        "https://github.example.com/x/y",
        "https://github.example.com/x/y/pull/12",
    ),
    ("https://sub.ghe.com/x/y", "https://sub.ghe.com/x/y/pull/12"),
    ("https://gitlab.com/x/y", "https://gitlab.com/x/y/-/merge_requests/12"),
    (
        "https://gitlab.com/g/s/y/-/tree/main/a",
        "https://gitlab.com/g/s/y/-/merge_requests/12",
    ),
    (
        "https://gitlab.com/g/y/tree/main/a",
        "https://gitlab.com/g/y/-/merge_requests/12",
    ),
    (
        "https://gitlab.example.com:8443/g/y",
        "https://gitlab.example.com:8443/g/y/-/merge_requests/12",
    ),
    (
        "https://salsa.debian.org/g/y",
        "https://salsa.debian.org/g/y/-/merge_requests/12",
    ),
    (
        "https://git.example.com/g/y/-/tree/main",
        "https://git.example.com/g/y/-/merge_requests/12",
    ),
    ("https://codeberg.org/x/y", "https://codeberg.org/x/y/pulls/12"),
    (
        "https://codeberg.org/x/y/src/branch/main/a",
        "https://codeberg.org/x/y/pulls/12",
    ),
    (
        "https://gitea.example.com/x/y",
        "https://gitea.example.com/x/y/pulls/12",
    ),
    (
        "https://forgejo.example.com/x/y",
        "https://forgejo.example.com/x/y/pulls/12",
    ),
    (
        "https://git.example.com/x/y/src/branch/main/a",
        "https://git.example.com/x/y/pulls/12",
    ),
    (
        "https://bitbucket.org/x/y",
        "https://bitbucket.org/x/y/pull-requests/12",
    ),
    (
        "https://bitbucket.org/x/y/src/main/a",
        "https://bitbucket.org/x/y/pull-requests/12",
    ),
    (
        "https://bitbucket.example.com/projects/P/repos/y/browse",
        "https://bitbucket.example.com/projects/P/repos/y/pull-requests/12",
    ),
    (
        "https://git.example.com/projects/P/repos/y",
        "https://git.example.com/projects/P/repos/y/pull-requests/12",
    ),
    (
        "https://dev.azure.com/o/p/_git/y",
        "https://dev.azure.com/o/p/_git/y/pullrequest/12",
    ),
    (
        "https://o.visualstudio.com/p/_git/y",
        "https://o.visualstudio.com/p/_git/y/pullrequest/12",
    ),
    ("https://pagure.io/y", "https://pagure.io/y/pull-request/12"),
    ("https://example.org/demo.git/", "https://example.org/demo/pull/12"),
    (
        "https://git.example.com/x/y/tree/main",
        "https://git.example.com/x/y/pull/12",
    ),
];

fn request(address: &str) -> Option<String> {
    let reference = Reference {
        mark: '#',
        number: "12".to_owned(),
    };
    Forge::at(address)?.request(&reference)
}

#[test]
fn requests_of_every_forge() {
    for (address, expected) in REQUESTS {
        assert_eq!(request(address).as_deref(), Some(*expected), "{address}");
    }
}

#[test]
fn no_link_is_better_than_a_wrong_one() {
    for address in [
        "https://git.sr.ht/~x/y",
        "https://sr.ht/~x/y",
        "https://git.example.com/~x/y",
        "https://x.github.io/y",
        "https://crates.io/crates/demo",
        "https://chromium.googlesource.com/x/y",
        "https://github.com/x",
        "https://github.com",
        "https://example.org",
        "https://dev.azure.com/o/p",
        "file:///srv/demo",
        "../demo",
        "",
        "demo",
    ] {
        assert_eq!(request(address), None, "{address}");
    }
}

#[test]
fn other_pages() {
    let id = Oid::from_hex(b"0123456789012345678901234567890123456789").unwrap();
    let pages = |address: &str| {
        let forge = Forge::at(address).unwrap();
        let commit = forge.commit(id).replace(&id.to_string(), "ID");
        let or_none = |page: Option<String>| page.unwrap_or_else(|| "none".to_owned());
        format!("{commit} {} {}\n", or_none(forge.compare()), or_none(forge.release()))
    };
    let addresses = [
        "https://github.com/x/y",
        "https://gitlab.com/x/y",
        "https://codeberg.org/x/y",
        "https://bitbucket.org/x/y",
        "https://bitbucket.example.com/projects/P/repos/y",
        "https://dev.azure.com/o/p/_git/y",
        "https://pagure.io/y",
        "https://git.sr.ht/~x/y",
    ];
    insta::assert_snapshot!(addresses.map(pages).concat(), @"
    https://github.com/x/y/commit/ID https://github.com/x/y/compare/ https://github.com/x/y/releases/tag/
    https://gitlab.com/x/y/-/commit/ID https://gitlab.com/x/y/-/compare/ https://gitlab.com/x/y/-/releases/
    https://codeberg.org/x/y/commit/ID https://codeberg.org/x/y/compare/ https://codeberg.org/x/y/releases/tag/
    https://bitbucket.org/x/y/commits/ID none none
    https://bitbucket.example.com/projects/P/repos/y/commits/ID none none
    https://dev.azure.com/o/p/_git/y/commit/ID none none
    https://pagure.io/y/c/ID none none
    https://git.sr.ht/~x/y/commit/ID none https://git.sr.ht/~x/y/refs/
    ");
    let merge_request = Reference {
        mark: '!',
        number: "12".to_owned(),
    };
    let unknown = Forge::at("https://git.example.com/g/y").unwrap();
    assert_eq!(
        unknown.request(&merge_request).as_deref(),
        Some("https://git.example.com/g/y/-/merge_requests/12"),
        "on a host that tells nothing, the mark does"
    );
}
