//! What a tag's bytes may be.

use proptest::prelude::*;

use super::*;

const TAGGER: &str = "A <a@b> 1700000000 +0000";
const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";

fn binding(names: &[&str]) -> Binding {
    let mut artifacts: Vec<Artifact> = names
        .iter()
        .map(|name| Artifact {
            name: (*name).to_owned(),
            digest: Digest::of(name.as_bytes()),
        })
        .collect();
    artifacts.sort();
    artifacts.dedup();
    Binding {
        version: Version::new(1, 2, 0),
        commit: Oid::from_hex(&[b'a'; 40]).unwrap(),
        tree: Digest::of(b"tree"),
        provenance: (!artifacts.is_empty()).then(|| Digest::of(b"provenance")),
        artifacts,
    }
}

fn tag(binding: &Binding, notes: &str) -> Vec<u8> {
    let text = message("demo 1.2.0", notes, binding).unwrap();
    object(&TagName::new("v1.2.0").unwrap(), binding.commit, TAGGER, &text)
}

#[test]
fn the_message_reads_as_it_stands_in_git() {
    let text = message("demo 1.2.0", "### Added\n\n- a\n", &binding(&["demo-1.2.0.crate"])).unwrap();
    insta::assert_snapshot!(text, @r"
    demo 1.2.0

    ### Added

    - a

    Sentinel-Schema: 1
    Sentinel-Version: 1.2.0
    Sentinel-Commit: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    Sentinel-Tree: sha256:dc9c5edb8b2d479e697b4b0b8ab874f32b325138598ce9e7b759eb8292110622
    Sentinel-Artifact: sha256:0a81998b481f7ca447c5c210be7afd15e9c604f8e829480db22426b9945d4ac4 demo-1.2.0.crate
    Sentinel-Provenance: sha256:96d815328a42cb4ef89d5e0b7a1df6be43b484832c83a7b4596d8402c7c0b12b
    ");
}

#[test]
fn what_does_not_belong_is_refused() {
    let good = String::from_utf8(tag(&binding(&["x.crate", "y.crate"]), "n")).unwrap();
    assert!(parse(good.as_bytes()).is_ok());
    assert!(parse(format!("{good}{SIGNATURE}").as_bytes()).is_ok());
    let line = |start: &str| good.lines().find(|line| line.starts_with(start)).unwrap();
    let (version, tree) = (line("Sentinel-Version"), line("Sentinel-Tree"));
    let artifacts: Vec<&str> = good
        .lines()
        .filter(|line| line.starts_with("Sentinel-Artifact"))
        .collect();
    let malformed = [
        good.replacen("type commit", "type tag", 1),
        good.replacen("\n\n", "\nevil header\n\n", 1),
        good.replacen("tagger A <a@b> ", "tagger A a@b ", 1),
        good.replacen(" +0000\n", " +00\n", 1),
        good.replacen("object aaaa", "object AAAA", 1),
        good.replacen("\n\nn", "\n\nn\0", 1),
        good.replacen("\n\n", "\n", 9),
    ];
    for case in malformed {
        assert!(
            matches!(parse(case.as_bytes()), Err(BindingError::Malformed(_))),
            "{case}"
        );
    }
    let unbound = [
        good.replacen("Sentinel-Schema: 1", "Sentinel-Schema: 2", 1),
        good.replacen(version, &format!("{version}\n{version}"), 1),
        good.replacen(&format!("{version}\n"), "", 1),
        good.replacen(&format!("{tree}\n"), "", 1),
        good.replacen(&format!("{version}\n"), "", 1)
            .replacen(tree, &format!("{tree}\n{version}"), 1),
        good.replacen(&artifacts.join("\n"), &format!("{}\n{}", artifacts[1], artifacts[0]), 1),
        good.replacen(artifacts[1], artifacts[0], 1),
        good.replacen(&format!("{}\n", artifacts.join("\n")), "", 1),
        good.replacen(&format!("{}\n", line("Sentinel-Provenance")), "", 1),
        good.replacen("Sentinel-Schema", "Signed-off-by: x\nSentinel-Schema", 1),
        good.replacen("Sentinel-Version: 1", "Sentinel-Version:  1", 1),
        good.replacen("x.crate", "../x.crate", 1),
        format!("{good}\ntrailing words\n"),
        format!("{good}\n"),
        good.trim_end().to_owned(),
    ];
    for case in unbound {
        assert!(
            matches!(parse(case.as_bytes()), Err(BindingError::Trailers(_))),
            "{case}"
        );
    }
    let trailing = [
        format!("{good}{SIGNATURE}{SIGNATURE}"),
        format!("{good}{SIGNATURE}\n"),
        format!("{good}{SIGNATURE}Sentinel-Version: 2.0.0\n"),
        format!("{good}{}", SIGNATURE.trim_end()),
        format!("{good}-----BEGIN PGP SIGNATURE-----\n{SIGNATURE}"),
        format!("{good}{}", SIGNATURE.replace("END SSH", "END PGP")),
        good.replacen("\n\nn\n", "\n\n-----BEGIN SIGNED MESSAGE-----\nn\n", 1) + SIGNATURE,
    ];
    for case in trailing {
        assert!(
            matches!(parse(case.as_bytes()), Err(BindingError::TrailingData(_))),
            "{case}"
        );
    }
}

#[test]
fn what_would_break_the_message_apart_is_not_written() {
    for name in ["a b", "", "a/b", "a\nb", ".."] {
        let refused = message("t", "", &binding(&[name]));
        assert!(matches!(refused, Err(BindingError::Name(_))), "{name:?}");
    }
    let notes = "n\n-----BEGIN PGP SIGNATURE-----\n";
    assert_eq!(message("t", notes, &binding(&["x"])), Err(BindingError::Armour));
}

proptest! {
    #[test]
    fn parse_reads_what_was_rendered(names in proptest::collection::vec("[a-z0-9._-]{1,12}x", 0..4), notes in "[ -~\n]{0,80}", signed: bool) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let binding = binding(&names);
        let mut object = tag(&binding, &notes);
        if signed {
            object.extend_from_slice(SIGNATURE.as_bytes());
        }
        let parsed = parse(&object).unwrap();
        prop_assert_eq!(parsed.binding, binding);
        prop_assert_eq!(parsed.armour, signed.then_some(Armour::Ssh));
        prop_assert_eq!(parsed.headers.name, "v1.2.0");
    }

    /// What parses is spelled in one way: an edit of the block either fails or claims something else.
    #[test]
    fn no_edit_of_the_block_goes_unseen(at in 0_usize..500, byte: u8) {
        let binding = binding(&["demo-1.2.0.crate"]);
        let good = tag(&binding, "n");
        let block = good.windows(9).position(|part| part == b"Sentinel-").unwrap();
        let mut edited = good.clone();
        let at = block + at % (good.len() - block);
        prop_assume!(edited[at] != byte);
        edited[at] = byte;
        if let Ok(parsed) = parse(&edited) {
            prop_assert_ne!(parsed.binding, binding);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(parse(&bytes));
    }
}
