//! What some commits descend from and others do not.
//!
//! A walk that stops as soon as the dates seem to say so counts commits again whose clocks were wrong, and a release that
//! counts a commit twice gets a wrong version. This one stops when it is proven that nothing will change.

use std::rc::Rc;

use gix::hashtable::HashSet;

use super::lookup::{Lookup, UNKNOWN_GENERATION};
use super::painting::{Colours, Mark, Painting};
use crate::core::ids::Oid;
use crate::host::Result;

/// What the tips descend from.
const SHOWN: usize = 0;
/// What the hidden commits descend from.
const HIDDEN: usize = 1;

/// The commits reachable from any of `tips` and from none of `hidden`, in no order.
///
/// Both are painted from the top, until no commit waits that only the tips lead to. One of those that were found may still
/// turn out to be hidden, if something hidden that waits leads to it, past a clock that was wrong. It would lead to one of
/// the lowest of them too, those with no parent among them. What every one of the lowest descends from leads to none of
/// them, so each gives its parents a colour of its own, and the walk goes on until whatever waits has all of them.
///
/// # Errors
/// When a commit cannot be read.
pub(super) fn since(lookup: &mut Lookup<'_>, tips: &[Oid], hidden: &[Oid]) -> Result<Vec<Oid>> {
    let mut painting = Painting::default();
    for tip in tips {
        painting.put(lookup, *tip, &Colours::of(SHOWN))?;
    }
    for commit in hidden {
        painting.put(lookup, *commit, &Colours::of(HIDDEN))?;
    }
    painting.run(lookup, &is_shown)?;
    let mut shown = found(&painting);
    let mut colour = HIDDEN;
    loop {
        let mut all = Colours::default();
        for parents in lowest(lookup, &shown)? {
            colour += 1;
            all.insert(colour);
            for parent in parents.iter() {
                painting.put(lookup, *parent, &Colours::of(colour))?;
            }
        }
        // In the graph, whatever leads to a commit was walked before it.
        painting.run(lookup, &|mark| {
            mark.colours.has(HIDDEN) && mark.rank.generation == UNKNOWN_GENERATION && !mark.colours.has_all(&all)
        })?;
        let left = found(&painting);
        if left.len() == shown.len() {
            return Ok(left.into_iter().collect());
        }
        shown = left;
    }
}

fn is_shown(mark: &Mark) -> bool {
    mark.colours.has(SHOWN) && !mark.colours.has(HIDDEN)
}

fn found(painting: &Painting) -> HashSet<Oid> {
    let shown = painting.marks().filter(|(_, mark)| is_shown(mark));
    shown.map(|(id, _)| id).collect()
}

/// The parents of each that has no parent among them.
fn lowest(lookup: &mut Lookup<'_>, shown: &HashSet<Oid>) -> Result<Vec<Rc<[Oid]>>> {
    let mut lowest = Vec::new();
    for id in shown {
        let parents = lookup.parents(*id)?;
        if !parents.iter().any(|parent| shown.contains(parent)) {
            lowest.push(parents);
        }
    }
    Ok(lowest)
}
