use super::*;

#[test]
fn nothing_asks_for_nothing() {
    assert_eq!(judge(Vec::new(), &BumpTable::default()), History::default());
    assert_eq!(History::default().asked(), (Bump::None, None));
}
