//! `hooks install | uninstall | status`: shims in the place where git looks for hooks, beside whatever stood there.

use std::path::{Path, PathBuf};

use super::{Context, Error, Kind, hook};
use crate::core::hooks::HookName;
use crate::core::hooks::place::{self, Change, Entry, Looked, Refusal, Standing, State, Surroundings};
use crate::core::hooks::shim::Recognised;
use crate::engine::hookdir::{self, Record};
use crate::engine::probe;
use crate::host::git_read::Repo;
use crate::host::{env, fs};

/// The program that shims look for.
const PROGRAM: &str = "cargo-sentinel";

/// How to install.
#[derive(Debug, Clone, Default)]
pub struct InstallOptions {
    /// The directory that is meant, where it is everybody's.
    pub into: Option<PathBuf>,
    /// The hooks of a server instead.
    pub server: bool,
    /// Change nothing.
    pub dry_run: bool,
}

/// One hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookView {
    /// Which.
    pub name: HookName,
    /// How it is doing, once everything is done.
    pub state: State,
    /// Whose hook runs after it: a manager's name, or `another`.
    pub chained: Option<&'static str>,
}

/// What became of the hooks.
#[derive(Debug, Clone)]
pub struct HooksAnswer {
    /// The directory in which git looks for them.
    pub dir: PathBuf,
    /// Each hook, in the order in which git runs them.
    pub hooks: Vec<HookView>,
    /// Hooks that were changed, or would be.
    pub changed: Vec<HookName>,
    /// What was left as it is, and what else is worth knowing: what, and what to do.
    pub left: Vec<(String, Vec<String>)>,
}

impl HooksAnswer {
    /// Whether every hook runs.
    pub fn is_complete(&self) -> bool {
        self.hooks.iter().all(|hook| hook.state == State::Installed)
    }
}

/// Installs the hooks.
///
/// # Errors
/// `Blocked`, with nothing changed, where the place is not this repository's own or something stands in the way.
pub fn install_hooks(context: &Context, options: &InstallOptions) -> Result<HooksAnswer, Error> {
    let repo = context.repo()?;
    let hooks: &[HookName] = if options.server {
        &HookName::SERVER
    } else {
        &HookName::CLIENT
    };
    if options.server && repo.workdir().is_some() {
        return Err(Error::new(
            Kind::Blocked,
            "--server is for a bare repository, and this one has a working tree",
        )
        .hint("cargo sentinel hooks install"));
    }
    let _lock = locked(&repo, options.dry_run)?;
    let looked = hookdir::looked(&repo)?;
    let into = options.into.as_ref().map(|dir| fs::canonical(&context.dir.join(dir)));
    place::admit(&looked, into.as_deref(), hooks).map_err(|refusal| blocked(&[refusal]))?;
    // What everybody shares names no path of this machine.
    let binary = if looked.in_tree { None } else { Some(own_path()?) };
    let mut record = Record::read(&repo)?;
    let known = record.place(&looked.dir).cloned();
    let mut planned = Vec::new();
    let mut refusals = Vec::new();
    for hook in hooks {
        let standing = hookdir::standing(&looked.dir, *hook, known.as_ref())?;
        match place::install(*hook, &standing, place::wanted(*hook, binary.as_deref())) {
            Ok(change) => planned.push((*hook, change)),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if !refusals.is_empty() {
        return Err(blocked(&refusals));
    }
    let changed = planned
        .iter()
        .filter(|(_, change)| *change != Change::Keep)
        .map(|(hook, _)| *hook);
    let changed: Vec<HookName> = changed.collect();
    if !options.dry_run {
        if known.is_some() || !changed.is_empty() {
            let place = record.place_mut(&looked.dir);
            place.made |= fs::stat(&looked.dir)?.is_none();
            place.binary.clone_from(&binary);
            planned.iter().for_each(|(hook, change)| place.note(*hook, change));
            record.write(&repo)?;
        }
        fs::create_dir(&looked.dir)?;
        for (hook, change) in &planned {
            hookdir::carry_out(&looked.dir, *hook, change, binary.as_deref())?;
            hookdir::strays(&looked.dir, *hook)?
                .iter()
                .try_for_each(|stray| fs::remove_file(stray))?;
        }
    }
    let hooks = views(&looked, &looked.dir, hooks, &record)?;
    let left = advice(&repo, &hooks)?;
    Ok(HooksAnswer {
        dir: looked.dir,
        hooks,
        changed,
        left,
    })
}

/// Removes what was installed from here, and puts back what stood there before, wherever that was.
///
/// # Errors
/// When the record or a directory cannot be read or written.
pub fn uninstall_hooks(context: &Context, dry_run: bool) -> Result<HooksAnswer, Error> {
    let repo = context.repo()?;
    let _lock = locked(&repo, dry_run)?;
    let looked = hookdir::looked(&repo)?;
    let mut record = Record::read(&repo)?;
    let mut dirs = record.dirs();
    if looked.own && !dirs.contains(&looked.dir) {
        dirs.push(looked.dir.clone());
    }
    let (mut changed, mut left) = (Vec::new(), Vec::new());
    for dir in &dirs {
        let known = record.place(dir).cloned();
        let mut kept = false;
        // Where others may look too, theirs may stand beside ours.
        let ours = |hook: &HookName| {
            let is_known = |place: &hookdir::Place| place.hooks.contains_key(hook.as_str());
            (looked.own && *dir == looked.dir) || known.as_ref().is_some_and(is_known)
        };
        for hook in HookName::ALL.into_iter().filter(ours) {
            let strays = hookdir::strays(dir, hook)?;
            if !dry_run {
                strays.iter().try_for_each(|stray| fs::remove_file(stray))?;
            }
            match place::uninstall(hook, &hookdir::standing(dir, hook, known.as_ref())?) {
                Ok(Change::Keep) => {}
                Ok(change) => {
                    if !dry_run {
                        hookdir::carry_out(dir, hook, &change, None)?;
                    }
                    changed.push(hook);
                }
                Err(Refusal { because, remedies }) => {
                    kept = true;
                    left.push((because, remedies));
                }
            }
        }
        if !kept && !dry_run {
            if known.is_some_and(|place| place.made) {
                // Somebody else's files keep it; that is no failure.
                fs::remove_empty_dir(dir);
            }
            record.forget(dir);
        }
    }
    if !dry_run {
        record.write(&repo)?;
    }
    if !looked.own && !dirs.contains(&looked.dir) && has_shims(&looked.dir)? {
        left.push((
            format!("the shims in `{}` were not installed from here", looked.dir.display()),
            vec!["cargo sentinel hooks uninstall, where they were".to_owned()],
        ));
    }
    changed.sort();
    changed.dedup();
    Ok(HooksAnswer {
        hooks: Vec::new(),
        dir: looked.dir,
        changed,
        left,
    })
}

/// Says how each hook is doing.
///
/// # Errors
/// When the record or a directory cannot be read.
pub fn hooks_status(context: &Context) -> Result<HooksAnswer, Error> {
    let repo = context.repo()?;
    let looked = hookdir::looked(&repo)?;
    let record = Record::read(&repo)?;
    // Where hooks were installed, and git looks elsewhere now, they are what is asked about.
    let place = record.place(&looked.dir).map(|_| looked.dir.clone());
    let dir = place.or_else(|| record.dirs().into_iter().next());
    let dir = dir.unwrap_or_else(|| looked.dir.clone());
    let recorded = record
        .place(&dir)
        .map(|place| place.hooks.keys().filter_map(|name| HookName::parse(name)));
    let mut hooks: Vec<HookName> = recorded.into_iter().flatten().collect();
    if hooks.is_empty() {
        hooks = match repo.workdir() {
            Some(_) => HookName::CLIENT.to_vec(),
            None => HookName::SERVER.to_vec(),
        };
    }
    hooks.sort();
    let hooks = views(&looked, &dir, &hooks, &record)?;
    let mut left = Vec::new();
    if dir != looked.dir {
        left.push((
            format!(
                "git looks for hooks in `{}`, they were installed in `{}`",
                looked.dir.display(),
                dir.display()
            ),
            vec!["git config --show-origin core.hooksPath".to_owned()],
        ));
    }
    left.extend(advice(&repo, &hooks)?);
    left.extend(lost(&dir, &hooks, &record)?);
    Ok(HooksAnswer {
        dir: looked.dir,
        hooks,
        changed: Vec::new(),
        left,
    })
}

/// Whether shims stand in a directory that git looks in; it looks in none where its path is empty.
fn has_shims(dir: &Path) -> Result<bool, Error> {
    for hook in HookName::ALL.into_iter().filter(|_| dir.is_absolute()) {
        if matches!(hookdir::standing(dir, hook, None)?.at, Entry::Hook(entry) if entry.recognised == Recognised::Intact)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn locked(repo: &Repo, dry_run: bool) -> Result<Option<fs::Lock>, Error> {
    if dry_run {
        return Ok(None);
    }
    let lock = hookdir::lock(repo)?;
    let lock = lock.ok_or_else(|| {
        Error::new(
            Kind::Locked,
            "another `hooks install` or `hooks uninstall` is at work here",
        )
        .hint("wait for it to end, then run the command again")
    })?;
    Ok(Some(lock))
}

fn own_path() -> Result<String, Error> {
    let unknown = |why: String| {
        Error::new(
            Kind::Blocked,
            format!("the path of this program cannot be written into a hook: {why}"),
        )
        .hint("install it in a directory whose name is UTF-8")
    };
    let path = env::current_exe().map_err(|error| unknown(error.to_string()))?;
    let path = path.into_os_string().into_string();
    let path = path.map_err(|path| unknown(format!("`{}` is not UTF-8", path.display())))?;
    if path.contains('\n') {
        return Err(unknown("it holds a line feed".to_owned()));
    }
    Ok(path)
}

fn views(looked: &Looked, dir: &Path, hooks: &[HookName], record: &Record) -> Result<Vec<HookView>, Error> {
    let known = record.place(dir);
    let binary = match known {
        Some(place) => place.binary.clone(),
        // Nothing is recorded: what this program would write is what is looked for.
        None if looked.own => Some(own_path()?),
        None => None,
    };
    let binary = binary.as_deref();
    let (anywhere, there) = (is_reachable(binary)?, is_there(binary)?);
    let view = |hook: &HookName| {
        let standing = hookdir::standing(dir, *hook, known)?;
        let around = Surroundings {
            wanted: place::wanted(*hook, binary),
            looked_at: looked.dir == dir,
            runnable: if HookName::SERVER.contains(hook) {
                there
            } else {
                anywhere
            },
        };
        Ok(HookView {
            name: *hook,
            state: place::state(&standing, around),
            chained: chained(&standing),
        })
    };
    hooks.iter().map(view).collect()
}

/// Whether the program is where a shim names it, which is all that a server's shim looks at.
fn is_there(binary: Option<&str>) -> Result<bool, Error> {
    Ok(binary
        .map(|path| fs::is_executable(Path::new(path)))
        .transpose()?
        .unwrap_or(false))
}

/// Whether a client's shim finds the program: in its own order, `hooks/` has it.
fn is_reachable(binary: Option<&str>) -> Result<bool, Error> {
    let named = env::var_os("CARGO_SENTINEL_BIN").map(PathBuf::from);
    let cargo = env::cargo_home().map(|home| home.join("bin").join(PROGRAM));
    let path = env::var_os("PATH");
    let on_path = path.iter().flat_map(|list| env::split_paths(list));
    let on_path = on_path.map(|dir| dir.join(PROGRAM));
    let places = named
        .into_iter()
        .chain(binary.map(PathBuf::from))
        .chain(cargo)
        .chain(on_path);
    for place in places {
        if fs::is_executable(&place)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What was moved aside and is there no longer.
fn lost(dir: &Path, hooks: &[HookView], record: &Record) -> Result<Vec<(String, Vec<String>)>, Error> {
    let known = record.place(dir);
    let mut found = Vec::new();
    for hook in hooks {
        let standing = hookdir::standing(dir, hook.name, known)?;
        if standing.recorded.is_some() && standing.displaced == Entry::Nothing {
            let name = hook.name;
            found.push((
                format!(
                    "{name}{} is gone: what stood there before does not run",
                    place::DISPLACED
                ),
                vec!["cargo sentinel hooks uninstall, then install".to_owned()],
            ));
        }
    }
    Ok(found)
}

fn chained(standing: &Standing) -> Option<&'static str> {
    match &standing.displaced {
        Entry::Hook(original) => Some(original.manager.unwrap_or("another")),
        Entry::Nothing | Entry::Other => None,
    }
}

/// What is worth knowing about hooks that are installed, and what to do about it.
fn advice(repo: &Repo, hooks: &[HookView]) -> Result<Vec<(String, Vec<String>)>, Error> {
    let mut found = Vec::new();
    if hooks.iter().any(|hook| hook.state == State::BinaryGone) {
        found.push((
            "the program is nowhere where these hooks look for it".to_owned(),
            vec!["cargo install --locked cargo-sentinel".to_owned()],
        ));
    }
    let Some(top) = repo.workdir() else {
        if let Err(error) = hook::record::of(repo, &[]) {
            found.push((error.message, error.hints));
        }
        return Ok(found);
    };
    // One that cannot be read is told by the hooks themselves, which block.
    if matches!(probe::written_in_working_tree(repo), Ok(None)) {
        found.push((
            "nothing is configured here: the hooks look at release tags alone".to_owned(),
            vec!["echo 'schema = 1' > sentinel.toml".to_owned()],
        ));
    }
    found.extend(lefthook(&top, hooks)?);
    Ok(found)
}

/// lefthook writes its hooks again whenever its configuration changes; its own place outlasts that.
fn lefthook(top: &Path, hooks: &[HookView]) -> Result<Option<(String, Vec<String>)>, Error> {
    const FILES: [&str; 4] = ["lefthook.yml", ".lefthook.yml", "lefthook.yaml", "lefthook.toml"];
    for file in FILES {
        if fs::stat(&top.join(file))?.is_some() && hooks.iter().any(|hook| hook.chained == Some("lefthook")) {
            let because = format!("lefthook writes its hooks again when {file} changes, over these");
            let lines = hooks.iter().map(|hook| {
                format!(
                    "add to {file}, under {0}: run: cargo-sentinel hook run {0} {{0}}",
                    hook.name
                )
            });
            return Ok(Some((because, lines.collect())));
        }
    }
    Ok(None)
}

fn blocked(refusals: &[Refusal]) -> Error {
    let message: Vec<&str> = refusals.iter().map(|refusal| refusal.because.as_str()).collect();
    let mut error = Error::new(Kind::Blocked, message.join("; "));
    for remedy in refusals.iter().flat_map(|refusal| &refusal.remedies) {
        error = error.hint(remedy.clone());
    }
    error
}
