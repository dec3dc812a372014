//! What a repository's web address says about its forge, and where the forge shows commits, pull requests and comparisons.
//!
//! Knows addresses only: nothing is asked of a forge. Where a forge has no such page, or the address is not a repository's, there
//! is no link: none is better than one that leads nowhere. A host that tells nothing is taken for one of GitHub's kind.

use super::commit::Reference;
use super::ids::Oid;

/// A repository on a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forge {
    kind: Kind,
    /// The repository's address, without a slash at its end.
    base: String,
}

/// How a forge writes its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    GitHub,
    GitLab,
    /// Forgejo, Gitea, Gogs and Gitee.
    Gitea,
    Bitbucket,
    /// Bitbucket Data Center, on a host of one's own.
    BitbucketServer,
    Azure,
    Pagure,
    /// Patches come by mail.
    Sourcehut,
    /// A host that is not one of those by its name or its paths.
    Unknown,
}

/// Forges whose name is not part of their host's.
const HOSTS: [(&str, Kind); 17] = [
    ("codeberg.org", Kind::Gitea),
    ("gitee.com", Kind::Gitea),
    ("notabug.org", Kind::Gitea),
    ("git.disroot.org", Kind::Gitea),
    ("git.gay", Kind::Gitea),
    ("salsa.debian.org", Kind::GitLab),
    ("invent.kde.org", Kind::GitLab),
    ("framagit.org", Kind::GitLab),
    ("0xacab.org", Kind::GitLab),
    ("code.videolan.org", Kind::GitLab),
    ("foss.heptapod.net", Kind::GitLab),
    ("git.drupalcode.org", Kind::GitLab),
    ("dev.azure.com", Kind::Azure),
    ("pagure.io", Kind::Pagure),
    ("src.fedoraproject.org", Kind::Pagure),
    ("git.sr.ht", Kind::Sourcehut),
    ("sr.ht", Kind::Sourcehut),
];

/// Words in the host of an instance of one's own, such as `gitlab.example.com`.
const WORDS: [(&str, Kind); 10] = [
    ("github", Kind::GitHub),
    ("gitlab", Kind::GitLab),
    ("forgejo", Kind::Gitea),
    ("gitea", Kind::Gitea),
    ("gogs", Kind::Gitea),
    ("codeberg", Kind::Gitea),
    ("bitbucket", Kind::BitbucketServer),
    ("stash", Kind::BitbucketServer),
    ("pagure", Kind::Pagure),
    ("sourcehut", Kind::Sourcehut),
];

/// Hosts of pages and packages, and of repositories without pages of the kinds that are linked here.
const NONE: [&str; 14] = [
    "github.io",
    "gitlab.io",
    "codeberg.page",
    "crates.io",
    "lib.rs",
    "docs.rs",
    "googlesource.com",
    "git.kernel.org",
    "git.savannah.gnu.org",
    "git.savannah.nongnu.org",
    "launchpad.net",
    "radicle.xyz",
    "sourceforge.net",
    "git-scm.com",
];

/// Paths that stand behind the repository's and tell its kind.
const PATHS: [(&str, Kind); 7] = [
    ("/-/", Kind::GitLab),
    ("/src/branch/", Kind::Gitea),
    ("/src/tag/", Kind::Gitea),
    ("/src/commit/", Kind::Gitea),
    ("/tree/", Kind::Unknown),
    ("/blob/", Kind::Unknown),
    ("/raw/", Kind::Unknown),
];

impl Forge {
    /// Reads the address that a manifest gives; those of clones, such as `git@host:owner/name.git`, will do.
    pub fn at(address: &str) -> Option<Self> {
        let Address { scheme, host, path } = Address::read(address)?;
        let within = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        if NONE.iter().any(|domain| within(domain)) {
            return None;
        }
        let mut kind = kind_of_host(&host);
        let mut path = path.as_str();
        for (mark, tells) in PATHS {
            if let Some((repository, _)) = path.split_once(mark) {
                path = repository;
                if kind == Kind::Unknown {
                    kind = tells;
                }
            }
        }
        if kind == Kind::Unknown {
            kind = kind_of_path(path);
        }
        let path = repository(kind, path)?;
        Some(Self {
            kind,
            base: format!("{scheme}://{host}{path}"),
        })
    }

    /// The page of a pull request.
    pub fn request(&self, reference: &Reference) -> Option<String> {
        let path = match self.kind {
            Kind::Unknown if reference.mark == '!' => "/-/merge_requests/",
            Kind::GitHub | Kind::Unknown => "/pull/",
            Kind::GitLab => "/-/merge_requests/",
            Kind::Gitea => "/pulls/",
            Kind::Bitbucket | Kind::BitbucketServer => "/pull-requests/",
            Kind::Azure => "/pullrequest/",
            Kind::Pagure => "/pull-request/",
            Kind::Sourcehut => return None,
        };
        Some(format!("{}{path}{}", self.base, reference.number))
    }

    /// The page of a commit.
    pub fn commit(&self, id: Oid) -> String {
        let path = match self.kind {
            Kind::GitHub | Kind::Gitea | Kind::Azure | Kind::Sourcehut | Kind::Unknown => "/commit/",
            Kind::GitLab => "/-/commit/",
            Kind::Bitbucket | Kind::BitbucketServer => "/commits/",
            Kind::Pagure => "/c/",
        };
        format!("{}{path}{id}", self.base)
    }

    /// What stands before `v0.1.0...v0.2.0` in the address of a comparison.
    pub fn compare(&self) -> Option<String> {
        match self.kind {
            Kind::GitHub | Kind::Gitea | Kind::Unknown => Some(format!("{}/compare/", self.base)),
            Kind::GitLab => Some(format!("{}/-/compare/", self.base)),
            Kind::Bitbucket | Kind::BitbucketServer | Kind::Azure | Kind::Pagure | Kind::Sourcehut => None,
        }
    }

    /// What stands before `v0.1.0` in the address of a release.
    pub fn release(&self) -> Option<String> {
        match self.kind {
            Kind::GitHub | Kind::Gitea | Kind::Unknown => Some(format!("{}/releases/tag/", self.base)),
            Kind::GitLab => Some(format!("{}/-/releases/", self.base)),
            Kind::Sourcehut => Some(format!("{}/refs/", self.base)),
            Kind::Bitbucket | Kind::BitbucketServer | Kind::Azure | Kind::Pagure => None,
        }
    }
}

fn kind_of_host(host: &str) -> Kind {
    let name = host.split(':').next().unwrap_or(host);
    let known = HOSTS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    if let Some(kind) = known {
        return kind;
    }
    match name {
        "bitbucket.org" => Kind::Bitbucket,
        _ if name.ends_with(".ghe.com") => Kind::GitHub,
        _ if name.ends_with(".visualstudio.com") => Kind::Azure,
        _ => WORDS
            .iter()
            .find(|(word, _)| name.contains(word))
            .map_or(Kind::Unknown, |(_, kind)| *kind),
    }
}

/// What the repository's own path tells: `/projects/P/repos/r` of Bitbucket Data Center, `/_git/` of Azure DevOps Server,
/// the owner's `~` of sourcehut.
fn kind_of_path(path: &str) -> Kind {
    if path.contains("/projects/") && path.contains("/repos/") {
        Kind::BitbucketServer
    } else if path.contains("/_git/") {
        Kind::Azure
    } else if path.starts_with("/~") {
        Kind::Sourcehut
    } else {
        Kind::Unknown
    }
}

/// The repository's own part of a path; `None` where the path leads to no repository.
fn repository(kind: Kind, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let place = |word: &str| parts.iter().position(|part| *part == word);
    let (least, most) = match kind {
        Kind::GitHub | Kind::Gitea | Kind::Bitbucket | Kind::Sourcehut => (2, 2),
        Kind::GitLab => (2, usize::MAX),
        Kind::BitbucketServer => place("repos").map_or((2, usize::MAX), |at| (at + 2, at + 2)),
        Kind::Azure => {
            let at = place("_git")?;
            (at + 2, at + 2)
        }
        Kind::Pagure | Kind::Unknown => (1, usize::MAX),
    };
    if parts.len() < least {
        return None;
    }
    parts.truncate(most);
    let path: String = parts.iter().flat_map(|part| ["/", part]).collect();
    Some(path.strip_suffix(".git").unwrap_or(&path).to_owned())
}

/// A web address taken apart.
struct Address {
    scheme: &'static str,
    /// With its port; in lower case.
    host: String,
    path: String,
}

impl Address {
    /// Who logs in is left out, and so is everything behind `?` and `#`. A clone's address becomes the web's on the same host.
    fn read(address: &str) -> Option<Self> {
        let address = address.trim();
        let address = address.split(['?', '#']).next().unwrap_or(address);
        let address = address.strip_prefix("git+").unwrap_or(address);
        let (scheme, host, path) = match address.split_once("://") {
            Some((scheme, rest)) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (scheme, host, path.to_owned())
            }
            None => {
                let (host, path) = address.split_once(':')?;
                ("ssh", host, format!("/{path}"))
            }
        };
        let host = host
            .rsplit_once('@')
            .map_or(host, |(_, host)| host)
            .to_ascii_lowercase();
        let host = host.strip_prefix("www.").unwrap_or(&host).to_owned();
        let bare = |host: &str| host.split(':').next().unwrap_or(host).to_owned();
        let (scheme, host) = match scheme.to_ascii_lowercase().as_str() {
            "https" => ("https", host),
            "http" => ("http", host),
            "ssh" | "git" => ("https", bare(&host)),
            _ => return None,
        };
        (!host.is_empty()).then_some(Self { scheme, host, path })
    }
}

#[cfg(test)]
mod tests;
