use super::*;

#[test]
fn reads_a_header() {
    let message = read(b"feat(core)!: add x (#12)\n\nbody\n");
    assert_eq!(message.references, ["12"]);
    assert!(message.is_breaking());
}
