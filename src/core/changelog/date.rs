//! Dates as people write them in headings: found, and written again in the same form.

use std::ops::Range;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A part of a date, or what stands between two.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Four digits.
    Year,
    /// A month's number, and the least digits that it has.
    Month(usize),
    /// A month's name, in full or cut to three letters.
    MonthName { short: bool },
    /// A day's number, the least digits that it has, and whether `st`, `nd`, `rd` or `th` follows.
    Day { digits: usize, ordinal: bool },
    /// Blanks and punctuation.
    Between(String),
}

/// How a date is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DateForm(Vec<Piece>);

/// A date in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dated {
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// How it is written.
    pub(super) form: DateForm,
}

impl Dated {
    /// The date that starts at a byte offset. Numbers alone make one where it has a year of four digits, a month and a
    /// day, apart by `-`, `/` or `.`; with a month's name the day may lack.
    pub(super) fn at(text: &str, start: usize) -> Option<Self> {
        let rest = text.get(start..)?;
        let (length, form) = numbers(rest).or_else(|| names(rest))?;
        let follows = rest.get(length..)?.chars().next();
        (!follows.is_some_and(char::is_alphanumeric)).then_some(Self {
            range: start..start + length,
            form,
        })
    }

    /// Whether it could be a version of the calendar as well, such as `2024.01.05`.
    pub(super) fn is_dotted(&self) -> bool {
        matches!(&self.form.0[..], [Piece::Year, Piece::Between(dot), ..] if dot == ".")
    }
}

impl DateForm {
    /// Writes a date given as `YYYY-MM-DD`.
    pub(super) fn write(&self, date: &str) -> String {
        let mut parts = date.split('-').map(|part| part.parse::<usize>().unwrap_or_default());
        let (year, month, day) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let name = MONTHS.get(month.wrapping_sub(1)).copied().unwrap_or_default();
        let piece = |piece: &Piece| match piece {
            Piece::Year => format!("{year:04}"),
            Piece::Month(digits) => format!("{month:0digits$}"),
            Piece::MonthName { short: true } => name.get(..3).unwrap_or(name).to_owned(),
            Piece::MonthName { short: false } => name.to_owned(),
            Piece::Day { digits, ordinal } => {
                format!("{day:0digits$}{}", if *ordinal { ordinal_ending(day) } else { "" })
            }
            Piece::Between(text) => text.clone(),
        };
        self.0.iter().map(piece).collect()
    }
}

fn ordinal_ending(day: usize) -> &'static str {
    match (day, day % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

/// `2026-01-31`, `2026/1/31`, `31.01.2026`, and with slashes also the month before the day where the numbers show it.
fn numbers(text: &str) -> Option<(usize, DateForm)> {
    let (first, rest) = digits(text)?;
    let separator = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (second, rest) = digits(rest.get(1..)?)?;
    let (third, rest) = digits(rest.strip_prefix(separator)?)?;
    let length = text.len() - rest.len();
    let between = || Piece::Between(separator.to_string());
    let number = |text: &str| text.parse::<usize>().unwrap_or_default();
    let least = |text: &str| {
        if text.starts_with('0') || number(text) > 9 {
            2
        } else {
            1
        }
    };
    let day = |text: &str| Piece::Day {
        digits: least(text),
        ordinal: false,
    };
    let is_month = |text: &str| text.len() <= 2 && (1..=12).contains(&number(text));
    let is_day = |text: &str| text.len() <= 2 && (1..=31).contains(&number(text));
    let pieces = if first.len() == 4 && is_month(second) && is_day(third) {
        vec![
            Piece::Year,
            between(),
            Piece::Month(least(second)),
            between(),
            day(third),
        ]
    } else if third.len() == 4 && is_day(first) && is_month(second) && !(separator == '/' && number(first) <= 12) {
        vec![
            day(first),
            between(),
            Piece::Month(least(second)),
            between(),
            Piece::Year,
        ]
    } else if third.len() == 4 && is_month(first) && is_day(second) {
        vec![
            Piece::Month(least(first)),
            between(),
            day(second),
            between(),
            Piece::Year,
        ]
    } else {
        return None;
    };
    Some((length, DateForm(pieces)))
}

/// `January 31st, 2026`, `31 Jan 2026`, `January 2026`.
fn names(text: &str) -> Option<(usize, DateForm)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut seen = (false, false, false);
    while seen != (true, true, true) {
        let Some((piece, left)) = word(rest) else { break };
        match piece {
            Piece::Day { .. } if !seen.0 && !seen.2 => seen.0 = true,
            Piece::MonthName { .. } if !seen.1 && !seen.2 => seen.1 = true,
            Piece::Year if seen.1 && !seen.2 => seen.2 = true,
            Piece::Day { .. } | Piece::MonthName { .. } | Piece::Year | Piece::Month(_) | Piece::Between(_) => break,
        }
        pieces.push(piece);
        rest = left;
        if seen.2 {
            break;
        }
        let blank = rest.trim_start_matches([' ', ',', '.', '-']);
        let blank = blank.strip_prefix("of ").unwrap_or(blank);
        pieces.push(Piece::Between(rest.get(..rest.len() - blank.len())?.to_owned()));
        rest = blank;
    }
    (seen.1 && seen.2).then(|| (text.len() - rest.len(), DateForm(pieces)))
}

/// A day, a year or a month's name.
fn word(text: &str) -> Option<(Piece, &str)> {
    if let Some((number, rest)) = digits(text) {
        if number.len() == 4 {
            return Some((Piece::Year, rest));
        }
        let plain = number.parse().is_ok_and(|day: usize| (1..=31).contains(&day));
        let ending = ["st", "nd", "rd", "th"]
            .iter()
            .find_map(|ending| rest.strip_prefix(ending));
        let day = Piece::Day {
            digits: if number.starts_with('0') { 2 } else { 1 },
            ordinal: ending.is_some(),
        };
        return plain.then_some((day, ending.unwrap_or(rest)));
    }
    let letters = text.len() - text.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
    let (name, rest) = text.split_at_checked(letters)?;
    let month = MONTHS.iter().find(|month| {
        let short = month.get(..3).unwrap_or(month);
        name.eq_ignore_ascii_case(month) || name.eq_ignore_ascii_case(short)
    })?;
    let short = name.len() < month.len();
    Some((Piece::MonthName { short }, rest))
}

fn digits(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let length = text.len() - rest.len();
    (1..=4).contains(&length).then(|| text.split_at(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_they_were_found() {
        let written = |text: &str| {
            let found = Dated::at(text, 0).filter(|dated| dated.range.end == text.len());
            found.map_or("none".to_owned(), |dated| dated.form.write("2026-02-03"))
        };
        for (text, expected) in [
            ("2024-12-31", "2026-02-03"),
            ("2024/12/31", "2026/02/03"),
            ("2024-1-5", "2026-2-3"),
            ("2024.01.05", "2026.02.03"),
            ("31.12.2024", "03.02.2026"),
            ("31-12-2024", "03-02-2026"),
            ("12/31/2024", "02/03/2026"),
            ("31/12/2024", "03/02/2026"),
            ("December 31, 2024", "February 3, 2026"),
            ("Dec 31st, 2024", "Feb 3rd, 2026"),
            ("31 December 2024", "3 February 2026"),
            ("1st of May 2024", "3rd of February 2026"),
            ("Jan. 05, 2024", "Feb. 03, 2026"),
            ("December 2024", "February 2026"),
            ("24.12", "none"),
            ("1.2.3", "none"),
            ("2024-13-01", "none"),
            ("2024", "none"),
            ("May", "none"),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }

    #[test]
    fn a_form_reads_what_it_writes() {
        for text in ["2024-12-31", "31.12.2024", "Dec 31st, 2024", "1st of May 2024"] {
            let form = Dated::at(text, 0).unwrap().form;
            for date in ["2026-02-03", "2031-11-12", "2026-05-22"] {
                let written = form.write(date);
                let again = Dated::at(&written, 0).unwrap();
                assert_eq!((again.range.end, again.form.write(date)), (written.len(), written));
            }
        }
    }
}
