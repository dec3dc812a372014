//! Paths through symbolic links: cases, and that no tree of links leads round for ever.

use super::*;
use proptest::prelude::*;

fn listing(files: &[&str], links: &[(&str, &str)]) -> Result<Listing, TooMany> {
    let id = Oid::null(gix::hash::Kind::Sha1);
    Listing::new(&Entries {
        files: files.iter().map(|path| ((*path).to_owned(), id)).collect(),
        links: links
            .iter()
            .map(|(path, to)| ((*path).to_owned(), (*to).to_owned()))
            .collect(),
        submodules: BTreeSet::from(["sub".to_owned()]),
    })
}

/// The paths that are not files of their own, with what they lead to.
fn aliases(files: &[&str], links: &[(&str, &str)]) -> Vec<String> {
    let listing = listing(files, links).unwrap();
    let aliases = listing.paths().filter(|path| listing.real(path) != path.as_str());
    aliases.map(|path| format!("{path} > {}", listing.real(path))).collect()
}

#[test]
fn links_lead_to_files_and_directories() {
    let files = ["real/Cargo.toml", "real/deep/Cargo.toml", "x/main.toml", "Cargo.toml"];
    for (links, expected) in [
        (
            vec![("b", "real")],
            vec![
                "b/Cargo.toml > real/Cargo.toml",
                "b/deep/Cargo.toml > real/deep/Cargo.toml",
            ],
        ),
        (
            vec![("b/Cargo.toml", "../real/Cargo.toml")],
            vec!["b/Cargo.toml > real/Cargo.toml"],
        ),
        (
            vec![("b/Cargo.toml", "../x/main.toml")],
            vec!["b/Cargo.toml > x/main.toml"],
        ),
        (
            vec![("c", "b"), ("b", "./real/deep/")],
            vec![
                "b/Cargo.toml > real/deep/Cargo.toml",
                "c/Cargo.toml > real/deep/Cargo.toml",
            ],
        ),
        // Through two links: a directory of links, reached by a link.
        (
            vec![("pkgs", "crates"), ("crates/b", "../real/deep")],
            vec![
                "crates/b/Cargo.toml > real/deep/Cargo.toml",
                "pkgs/b/Cargo.toml > real/deep/Cargo.toml",
            ],
        ),
        (
            vec![("x/up", "../real/.."), ("real/deep/l", "../../x")],
            vec![
                "real/deep/l/main.toml > x/main.toml",
                "real/deep/l/up/Cargo.toml > Cargo.toml",
                "real/deep/l/up/real/Cargo.toml > real/Cargo.toml",
                "real/deep/l/up/real/deep/Cargo.toml > real/deep/Cargo.toml",
                "real/deep/l/up/x/main.toml > x/main.toml",
                "x/up/Cargo.toml > Cargo.toml",
                "x/up/real/Cargo.toml > real/Cargo.toml",
                "x/up/real/deep/Cargo.toml > real/deep/Cargo.toml",
                "x/up/x/main.toml > x/main.toml",
            ],
        ),
        (vec![("loop", "loop")], vec![]),
        (vec![("dangling", "nowhere")], vec![]),
    ] {
        assert_eq!(aliases(&files, &links), expected, "{links:?}");
    }
}

#[test]
fn what_leads_out_of_the_tree_is_known_by_name() {
    let listing = listing(
        &[],
        &[("abs", "/etc"), ("crates/up", "../../elsewhere"), ("via", "abs")],
    )
    .unwrap();
    let exit = |path: &str| listing.exit(path).map(|(at, outside)| format!("{at} {outside:?}"));
    assert_eq!(exit("abs/x/Cargo.toml").unwrap(), r#"abs Link("/etc")"#);
    assert_eq!(exit("via/Cargo.toml").unwrap(), r#"via Link("/etc")"#);
    assert_eq!(
        exit("crates/up/Cargo.toml").unwrap(),
        r#"crates/up Link("../../elsewhere")"#
    );
    assert_eq!(exit("sub/Cargo.toml").unwrap(), "sub Submodule");
    assert_eq!(exit("other/Cargo.toml"), None);
}

proptest! {
    /// However links are laid, listing ends, and every alias leads to a file of the tree.
    #[test]
    fn every_tree_of_links_is_listed(links in proptest::collection::btree_map("[ab](/[ab]){0,2}/[lm]", "(\\.\\./){0,3}[ab](/[ablm]){0,2}", 0..8)) {
        let files = ["a/Cargo.toml", "a/b/Cargo.toml", "b/a/Cargo.toml"];
        let links: Vec<(&str, &str)> = links.iter().map(|(at, to)| (at.as_str(), to.as_str())).collect();
        if let Ok(listing) = listing(&files, &links) {
            for path in listing.paths() {
                prop_assert!(files.contains(&listing.real(path)), "{path}");
            }
        }
    }
}
