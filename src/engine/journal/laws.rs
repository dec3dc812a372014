//! The journal's law, for the fuzzer and for the seeds it starts from: what can be read is read the same after it was
//! written again.

use std::path::Path;

use super::{Places, format, replay};
use crate::core::ids::RunId;

/// Reads a journal's bytes, whether or not they are one, and writes again what was read.
///
/// # Errors
/// When that cannot be written, or reads otherwise.
pub(crate) fn reread(bytes: &[u8]) -> Result<(), String> {
    let places = Places::below(Path::new("/repository/.git"));
    let Ok(Some((read, _))) = replay(Path::new("journal.jsonl"), bytes, &places) else {
        return Ok(());
    };
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let run = RunId::new("run").map_err(|error| said(&error))?;
    let first = format::first_line(&run, &read.plan, &places, &read.repository).map_err(|error| said(&error))?;
    if format::parse_first(&first, &places)?.plan != read.plan {
        return Err(format!("the plan reads otherwise once it was written again: {first}"));
    }
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines().skip(1) {
        let record = format::parse_line(line)?;
        let again = format::line(&record).map_err(|error| said(&error))?;
        if format::parse_line(&again)? != record {
            return Err(format!("a record reads otherwise once it was written again: {again}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fs;

    #[test]
    fn the_seeds_of_the_fuzzer_keep_the_law() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/journal");
        let files = fs::list(&seeds).unwrap();
        let mut read = 0;
        for file in files {
            let bytes = fs::read(&file).unwrap().unwrap();
            assert_eq!(reread(&bytes), Ok(()), "{}", file.display());
            read += u32::from(matches!(
                replay(&file, &bytes, &Places::below(Path::new("/repository/.git"))),
                Ok(Some(_))
            ));
        }
        assert!(read >= 3, "the corpus holds journals of this format");
    }
}
