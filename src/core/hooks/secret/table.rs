//! The table of rules: a row for each format, with what it must find, what it must let go, and the page that describes it.
//!
//! A specimen is written as a recipe, so that neither this program's own hook nor anybody's scanner stumbles over these files:
//! `«36 alnum»` stands for 36 characters of a class, `«36 of x»` for 36 times the same, `«begin X»` and `«end X»` for the lines
//! around a key (RFC 7468). The tests know the classes and cook the recipes.

mod clouds;
mod forges;
mod keys;
mod services;

use super::Rule;

/// Every rule, in the order of the documentation. At one place in a text, the first that fits counts.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [keys::RULES, forges::RULES, clouds::RULES, services::RULES]
        .into_iter()
        .flatten()
}
