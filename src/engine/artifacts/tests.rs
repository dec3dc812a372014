//! A build somewhere else, at another time, gives the same bytes.

use super::*;
use crate::support;

/// A package with a library, a binary and a file that a command makes.
fn repository() -> support::repo::Repo {
    let repo = support::repo::Repo::flow();
    repo.write("src/main.rs", "fn main() {\n    panic!(\"at {}\", file!());\n}\n");
    repo.write(
        "sentinel.toml",
        "schema = 1\n\n[[artifact]]\nkind = \"crate\"\npackage = \"demo\"\n\n\
         [[artifact]]\nkind = \"binary\"\npackage = \"demo\"\nbin = \"demo\"\n\n\
         [[artifact]]\nkind = \"file\"\nname = \"notes-{version}.txt\"\nbuild = [\"cp\", \"two\", \"three\"]\npath = \"three\"\n",
    );
    repo.commit("feat: a binary");
    repo
}

#[test]
fn a_rebuild_gives_the_same_bytes() {
    let fixture = repository();
    let repo = Repo::discover(&fixture.dir()).unwrap();
    let commit = Oid::from_hex(fixture.git("rev-parse HEAD").as_bytes()).unwrap();
    let interrupt = Interrupt::default();
    let first = rebuild(&repo, commit, &interrupt).unwrap();
    let second = rebuild(&repo, commit, &interrupt).unwrap();
    println!("built by {}", cargo::version(&fixture.dir()).unwrap());
    assert_eq!(first, second);
    let names: Vec<&str> = first.iter().map(|made| made.name.as_str()).collect();
    assert_eq!(names, ["demo", "demo-0.1.0.crate", "notes-0.1.0.txt"]);
}
