//! The statement's laws: what is rendered reads back equal, and no other bytes say the same.

use proptest::prelude::*;

use super::*;

fn recipes() -> impl Strategy<Value = Recipe> {
    let word = "[a-zä-]{1,8}";
    prop_oneof![
        word.prop_map(|package| Recipe::Crate { package }),
        (word, word, proptest::option::of("[a-z0-9_-]{1,9}")).prop_map(|(package, bin, target)| Recipe::Binary {
            package,
            bin,
            target
        }),
        (proptest::collection::vec(any::<String>(), 1..4), any::<String>())
            .prop_map(|(command, path)| Recipe::File { command, path }),
    ]
}

fn sources() -> impl Strategy<Value = Source> {
    let id = || "[0-9a-f]{40}|[0-9a-f]{64}".prop_map(|text| Oid::from_hex(text.as_bytes()).unwrap());
    let tag = "[vä][0-9]{1,4}".prop_map(|name| TagName::new(name).unwrap());
    let lockfile = proptest::option::of(any::<[u8; 32]>().prop_map(Digest::from_bytes));
    (proptest::option::of(any::<String>()), tag, id(), id(), lockfile).prop_map(
        |(repository, tag, commit, tree, lockfile)| Source {
            repository,
            tag,
            commit,
            tree,
            lockfile,
        },
    )
}

fn statements() -> impl Strategy<Value = Statement> {
    let made = (any::<[u8; 32]>(), recipes(), proptest::option::of(any::<bool>()));
    let artifacts = proptest::collection::btree_map("[a-z0-9ö._-]{1,9}", made, 1..5);
    let words = (any::<String>(), any::<[String; 2]>(), any::<[String; 3]>());
    let numbers = (any::<i64>(), 0..253_402_300_799_i64);
    (artifacts, sources(), words, numbers).prop_map(
        |(artifacts, source, (cargo, [builder_version, id], [rustc, host, flag]), (epoch, started))| Statement {
            subjects: artifacts
                .iter()
                .map(|(name, (digest, ..))| Artifact {
                    name: name.clone(),
                    digest: Digest::from_bytes(*digest),
                })
                .collect(),
            recipes: artifacts
                .iter()
                .map(|(name, (_, recipe, _))| NewArtifact {
                    name: name.clone(),
                    recipe: recipe.clone(),
                })
                .collect(),
            source,
            toolchain: Toolchain {
                cargo,
                compiler: Some(Compiler {
                    rustc,
                    host,
                    rustflags: vec![flag],
                }),
            },
            epoch,
            reproducible: artifacts
                .iter()
                .filter_map(|(name, (.., agreed))| Some((name.clone(), (*agreed)?)))
                .collect(),
            run: Run {
                builder_version,
                id,
                started: jiff::Timestamp::from_second(started).unwrap(),
            },
        },
    )
}

/// A statement of one crate.
fn example() -> Statement {
    Statement {
        subjects: vec![Artifact {
            name: "demo-1.2.0.crate".to_owned(),
            digest: Digest::of(b"demo"),
        }],
        recipes: vec![NewArtifact {
            name: "demo-1.2.0.crate".to_owned(),
            recipe: Recipe::Crate {
                package: "demo".to_owned(),
            },
        }],
        source: Source {
            repository: Some("https://example.org/demo".to_owned()),
            tag: TagName::new("v1.2.0").unwrap(),
            commit: Oid::from_hex(&[b'a'; 40]).unwrap(),
            tree: Oid::from_hex(&[b'b'; 40]).unwrap(),
            lockfile: None,
        },
        toolchain: Toolchain {
            cargo: "cargo 1.90.0".to_owned(),
            compiler: None,
        },
        epoch: 1_780_000_000,
        reproducible: BTreeMap::new(),
        run: Run {
            builder_version: "0.1.0".to_owned(),
            id: "20260921T000000Z-tag-1.2.0".to_owned(),
            started: jiff::Timestamp::from_second(1_790_000_000).unwrap(),
        },
    }
}

#[test]
fn it_reads_as_the_specifications_have_it() {
    let bytes = example().render().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    insta::assert_snapshot!(serde_json::to_string(&value["subject"]).unwrap(), @r#"[{"name":"demo-1.2.0.crate","digest":{"sha256":"2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea"}}]"#);
    insta::assert_snapshot!(serde_json::to_string_pretty(&value["predicate"]["buildDefinition"]["externalParameters"]).unwrap(), @r#"
    {
      "repository": "https://example.org/demo",
      "ref": "refs/tags/v1.2.0",
      "artifacts": [
        {
          "kind": "crate",
          "name": "demo-1.2.0.crate",
          "package": "demo"
        }
      ]
    }
    "#);
    insta::assert_snapshot!(serde_json::to_string(&value["predicate"]["buildDefinition"]["resolvedDependencies"]).unwrap(), @r#"[{"name":"commit","uri":"git+https://example.org/demo@refs/tags/v1.2.0","digest":{"gitCommit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}},{"name":"tree","digest":{"gitTree":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}}]"#);
    assert_eq!(value["_type"], STATEMENT_TYPE);
    assert_eq!(value["predicateType"], PREDICATE_TYPE);
}

#[test]
fn what_does_not_belong_is_refused() {
    let good = String::from_utf8(example().render().unwrap()).unwrap();
    assert_eq!(Statement::parse(good.as_bytes()).unwrap(), example());
    let other = Digest::of(b"other").to_string();
    let cases = [
        good.replacen(STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1", 1),
        good.replacen(PREDICATE_TYPE, "https://slsa.dev/provenance/v0.2", 1),
        good.replacen("{\"_type\"", "{\"_type\":\"x\",\"_type\"", 1),
        good.replacen("\"subject\":", "\"evil\":1,\"subject\":", 1),
        good.replacen("\"digest\":{", &format!("\"digest\":{{\"sha512\":\"{other}\","), 1),
        good.replacen("{\"gitCommit\"", "{\"sha1\"", 1),
        good.replacen("git+https://example.org", "git+https://evil.example", 1),
        good.replacen("\"name\":\"tree\"", "\"name\":\"root\"", 1),
        good.replacen(
            "\"demo-1.2.0.crate\",\"package\"",
            "\"demo-1.2.1.crate\",\"package\"",
            1,
        ),
        good.replacen("refs/tags/", "refs/heads/", 1),
        good.replacen("\"subject\":[", "\"subject\":[ ", 1),
        format!("{good}\n"),
    ];
    for case in cases {
        assert_ne!(case, good);
        assert!(Statement::parse(case.as_bytes()).is_err(), "{case}");
    }
    let nothing = Statement {
        subjects: Vec::new(),
        recipes: Vec::new(),
        ..example()
    };
    assert!(matches!(nothing.render(), Err(ProvenanceError::Inconsistent(_))));
}

proptest! {
    #[test]
    fn parse_reads_what_was_rendered(statement in statements()) {
        let bytes = statement.render().unwrap();
        prop_assert_eq!(Statement::parse(&bytes).unwrap(), statement);
    }

    #[test]
    fn another_byte_says_something_else_or_nothing(statement in statements(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = statement.render().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(other) = Statement::parse(&bytes) {
            prop_assert_ne!(other, statement);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(Statement::parse(&bytes));
    }
}
