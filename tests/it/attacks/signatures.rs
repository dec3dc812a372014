//! Signatures that git, gpg and ssh-keygen call good, and that vouch for less than it seems.

use super::World;
use crate::support::{KeyRing, Repo, has};

const NONE: [&str; 0] = [];

impl World<'_> {
    /// The tag as it is, signed again by gpg with these options.
    fn signed_by_gpg(&self, options: &[&str]) -> String {
        let unsigned = self.unsigned();
        let argv = [&["gpg", "--batch"], options, &["-bsau", "alice@example.org"]].concat();
        let signature = self.feed(&argv, unsigned.as_bytes());
        format!("{unsigned}{}", String::from_utf8(signature).unwrap())
    }
}

#[test]
fn an_openpgp_signature_that_vouches_for_less() {
    let repo = Repo::flow();
    let Some(world) = World::openpgp(&repo) else { return };
    world.put(world.signed_by_gpg(&[]).as_bytes());
    assert_eq!(world.codes("v0.2.0"), NONE);
    for options in [
        &["--digest-algo", "SHA1"][..],
        &["--textmode"],
        &["--comment", "signed by nobody"],
    ] {
        world.put(world.signed_by_gpg(options).as_bytes());
        assert_eq!(world.codes("v0.2.0"), ["SIG_BAD"], "{options:?}");
    }
    let good = world.signed_by_gpg(&[]);
    // gpg takes the first signature of an armour, and heeds neither a checksum that is cut off nor the line that ends it.
    let sum = good.rfind("\n=").unwrap();
    for edited in [
        format!("{}\n{}", &good[..sum], &good[sum..]),
        format!("{} {}", &good[..sum + 1], &good[sum + 2..]),
        good.replace("-----END PGP SIGNATURE-----", "=----END PGP SIGNATURE-----"),
    ] {
        world.put(edited.as_bytes());
        assert_ne!(world.codes("v0.2.0"), NONE, "{edited}");
    }
}

/// Every eleventh byte as it reaches `verify`; each is tried where it is read (`core::pgpsig`).
#[test]
fn no_byte_of_a_tag_signed_by_openpgp_may_change() {
    let repo = Repo::flow();
    let Some(world) = World::openpgp(&repo) else { return };
    let good = world.object();
    let armour = good.windows(10).position(|part| part == b"-----BEGIN").unwrap();
    for at in (armour..good.len()).step_by(11) {
        let mut edited = good.clone();
        edited[at] = if edited[at] == b'A' { b'B' } else { b'A' };
        world.put(&edited);
        assert_ne!(world.codes("v0.2.0"), NONE, "byte {at} of {}", good.len());
    }
}

/// What `gpg.conf` adds to an armour does not keep its owner from releasing.
#[test]
fn a_comment_in_gpg_conf_is_left_out() {
    let repo = Repo::flow();
    if !has(&repo, "gpg") {
        return;
    }
    let ring = KeyRing::new(&repo, "rsa2048");
    ring.allow_openpgp();
    ring.write("gpg.conf", "comment made by hand\n");
    repo.git("config gpg.format openpgp");
    ring.releases();
    assert!(!repo.git("cat-file tag v0.2.0").contains("Comment:"));
}

#[test]
fn every_kind_of_ssh_key_but_a_short_one() {
    let repo = Repo::flow();
    let world = World::ssh(&repo);
    for (kind, bits, codes) in [
        ("ecdsa", "256", &NONE[..]),
        ("ecdsa", "384", &NONE),
        ("ecdsa", "521", &NONE),
        ("rsa", "2048", &NONE),
        ("rsa", "1024", &["SIG_BAD"]),
    ] {
        let key = format!("../{kind}{bits}");
        let made = repo
            .command("ssh-keygen")
            .args(["-q", "-t", kind, "-b", bits, "-N", "", "-f", &key])
            .status();
        assert!(made.unwrap().success());
        let unsigned = world.unsigned();
        let signature = world.feed(
            &["ssh-keygen", "-Y", "sign", "-n", "git", "-f", &key],
            unsigned.as_bytes(),
        );
        world.put(&[unsigned.as_bytes(), &signature].concat());
        let public = std::fs::read_to_string(repo.dir().join(format!("{key}.pub"))).unwrap();
        world.signers(&format!("alice@example.org {public}"));
        assert_eq!(world.codes("v0.2.0"), codes, "{kind} {bits}");
    }
}
