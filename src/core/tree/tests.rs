//! Trees and commits, held against their ids.

use super::*;
use gix::bstr::BString;
use gix::objs::Tree;
use proptest::prelude::*;

const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const BLOB_ONE: &str = "5626abf0f72e58d7a153368ba57db4c673c0e171";

fn oid(hex: &str) -> Oid {
    Oid::from_hex(hex.as_bytes()).unwrap()
}

fn entry(kind: EntryKind, name: &str, hex: &str) -> Entry {
    Entry {
        mode: kind.into(),
        filename: name.into(),
        oid: oid(hex),
    }
}

/// The tree that `git mktree` made of `a/a`, `a.b`, `a0` (executable) and `link`, each holding `one\n`.
fn loaded() -> BTreeMap<String, Vec<Entry>> {
    let root = vec![
        entry(EntryKind::Blob, "a.b", BLOB_ONE),
        entry(EntryKind::Tree, "a", "b1ea253509c6004817f83cd7659ab4e6c38b2981"),
        entry(EntryKind::BlobExecutable, "a0", BLOB_ONE),
        entry(EntryKind::Link, "link", BLOB_ONE),
    ];
    BTreeMap::from([
        (String::new(), root),
        ("a".to_owned(), vec![entry(EntryKind::Blob, "a", BLOB_ONE)]),
    ])
}

fn edited(files: &[(&str, &str)]) -> Result<(Oid, Vec<NewObject>), TreeError> {
    let changes = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect();
    edit(&loaded(), &changes, HashKind::Sha1)
}

#[test]
fn an_edit_has_the_ids_git_gives_it() {
    let (root, objects) = edited(&[("a/a", "two\n"), ("a0", "two\n")]).unwrap();
    assert_eq!(root, oid("879332af9943e375220cebd7b7ac62536b3c7fe7"));
    let ids: Vec<_> = objects
        .iter()
        .map(|object| (object.kind, object.id.to_string()))
        .collect();
    let expected = [
        (Kind::Blob, "f719efd430d52bcfc8566a43b2eb655688d38871"),
        (Kind::Tree, "8f26825aadcd1e8217d7b7a489f13689fa1010d4"),
        (Kind::Tree, "879332af9943e375220cebd7b7ac62536b3c7fe7"),
    ];
    assert_eq!(ids, expected.map(|(kind, id)| (kind, id.to_owned())));
}

#[test]
fn unchanged_contents_leave_the_tree() {
    let unchanged = oid("6c901d916aebfd765c3a7338505a84e167732d6e");
    for files in [&[][..], &[("a/a", "one\n"), ("a0", "one\n")]] {
        let (root, objects) = edited(files).unwrap();
        assert_eq!((root, objects), (unchanged, Vec::new()));
    }
}

#[test]
fn a_new_file_makes_its_directories() {
    let (root, objects) = edited(&[("b c/ü/n", "one\n")]).unwrap();
    assert_eq!(objects.iter().filter(|object| object.kind == Kind::Tree).count(), 3);
    assert_eq!(objects.last().map(|object| object.id), Some(root));
}

#[test]
fn what_stands_in_the_way_is_named() {
    let refused = |path| edited(&[(path, "two\n")]).unwrap_err().to_string();
    assert_eq!(refused("link"), "cannot write `link`: a symbolic link stands there");
    assert_eq!(refused("a"), "cannot write `a`: a directory stands there");
    assert_eq!(refused("a0/x"), "cannot write below `a0`: it is a file");
    for path in ["", "/x", "x/", "a//b", "../x", ".git/config", "a/.", "a\0b"] {
        assert!(matches!(edited(&[(path, "")]), Err(TreeError::Path { .. })), "{path:?}");
    }
    let mut partly = loaded();
    partly.remove("a");
    let changes = BTreeMap::from([("a/a".to_owned(), Vec::new())]);
    let error = edit(&partly, &changes, HashKind::Sha1).unwrap_err().to_string();
    assert_eq!(error, "the entries of directory `a` were not loaded");
}

fn spec<'a>(parents: &'a [Oid], message: &'a str) -> CommitSpec<'a> {
    CommitSpec {
        tree: oid(EMPTY_TREE),
        parents,
        author: "Ann <ann@example.org> 1700000000 +0000",
        committer: "Ann <ann@example.org> 1700000000 +0000",
        message,
        signature: None,
    }
}

fn commit_id(spec: &CommitSpec<'_>, hash: HashKind) -> String {
    gix::objs::compute_hash(hash, Kind::Commit, &commit(spec).unwrap())
        .unwrap()
        .to_string()
}

#[test]
fn a_commit_has_the_id_git_gives_it() {
    let parents = [oid("2083af24b0938f2903b62df41980f06b46d59397")];
    let committer = "Bö Li <bo@example.org> 1700000100 -0130";
    let merge = CommitSpec {
        committer,
        ..spec(&parents, "Merge\n\nbody\n")
    };
    assert_eq!(
        commit_id(&merge, HashKind::Sha1),
        "9186a2e1a055919e7d26ca904c38738158e23263"
    );
    let tree = oid("6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321");
    let first = CommitSpec {
        tree,
        committer,
        ..spec(&[], "first\n")
    };
    let expected = "02367b8a64adaf1ba26649e065bf5d10f0eac393d175a49fa03b791b12cfd59d";
    assert_eq!(commit_id(&first, HashKind::Sha256), expected);
}

#[test]
fn a_signature_is_folded_into_its_header() {
    let parents = [oid("2083af24b0938f2903b62df41980f06b46d59397")];
    for signature in [
        &b"-----BEGIN SSH SIGNATURE-----\nAAAA\n\nBBBB\n-----END SSH SIGNATURE-----\n"[..],
        b"-----BEGIN SSH SIGNATURE-----\nAAAA\n\nBBBB\n-----END SSH SIGNATURE-----",
    ] {
        let signed = CommitSpec {
            signature: Some(signature),
            ..spec(&parents, "signed\n")
        };
        assert_eq!(
            commit_id(&signed, HashKind::Sha1),
            "e782fd793d40bb678a3be884b0ca20220579c8d2"
        );
    }
}

#[test]
fn a_text_stays_in_its_header() {
    let forged = CommitSpec {
        author: "A <a> 0 +0000\nparent x",
        ..spec(&[], "")
    };
    assert_eq!(
        commit(&forged).unwrap_err().to_string(),
        "the commit's author holds a newline"
    );
    assert!(commit(&spec(&[], "a\0b")).is_err());
}

proptest! {
    /// gix's own editor is the authority on the order of entries.
    #[test]
    fn edits_agree_with_gix(paths in proptest::collection::btree_set("[ab.0/-]{1,6}", 1..8)) {
        let paths: Vec<_> = paths.into_iter().collect();
        let changes: BTreeMap<_, _> = paths.iter().map(|path| (path.clone(), b"one\n".to_vec())).collect();
        let loaded = BTreeMap::from([(String::new(), Vec::new())]);
        prop_assume!(!paths.iter().any(|path| paths.iter().any(|other| other.starts_with(&format!("{path}/")))));
        let Ok((root, objects)) = edit(&loaded, &changes, HashKind::Sha1) else {
            prop_assert!(paths.iter().any(|path| path.split('/').any(|name| matches!(name, "" | "." | ".."))));
            return Ok(());
        };
        let empty = gix::objs::find::Never;
        let mut editor = gix::objs::tree::Editor::new(Tree::empty(), &empty, HashKind::Sha1);
        for path in &paths {
            let components = path.split('/').map(BString::from);
            editor.upsert(components, EntryKind::Blob, oid(BLOB_ONE)).unwrap();
        }
        let written = editor.write(|tree| {
            let mut data = Vec::new();
            tree.write_to(&mut data)?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(gix::objs::compute_hash(HashKind::Sha1, Kind::Tree, &data)?)
        });
        prop_assert_eq!(root, written.unwrap());
        prop_assert_eq!(objects.last().map(|object| object.id), Some(root));
    }
}
