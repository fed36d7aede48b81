//! From reference to bytes and back: mirrors, places, manifest, component; each verified against what named it.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_model::ids::Digest;

use crate::artifact::{CONFIG_MEDIA_TYPE, Descriptor, MANIFEST_BYTES_MAX, MANIFEST_MEDIA_TYPE, Manifest, Packed, pack};
use crate::cache::{PluginCache, Unfetched};
use crate::layout::Layout;
use crate::layout_repository::LayoutRepository;
use crate::lock::LockEntry;
use crate::mirrors::{Location, Mirrors, Place};
use crate::reference::Reference;
use crate::remote::{HttpClient, RemoteRepository};
use crate::repository::{Document, Progress, Repository};

mod error;
mod index;

pub use error::RegistryError;

/// What a reference stands for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The reference as asked.
    pub reference: Reference,
    /// Of the manifest.
    pub manifest: Digest,
    /// The component, as its manifest describes it.
    pub component: Descriptor,
}

/// Every place that this host can pull from and push to.
#[derive(Clone)]
pub struct Registry {
    mirrors: Mirrors,
    client: Arc<HttpClient>,
    cache: PluginCache,
    progress: Arc<dyn Progress>,
}

impl Registry {
    /// A registry of these mirrors, with pulled plugins kept in `cache`.
    #[must_use]
    pub fn new(mirrors: Mirrors, client: Arc<HttpClient>, cache: PluginCache, progress: Arc<dyn Progress>) -> Self {
        Self { mirrors, client, cache, progress }
    }

    pub(crate) fn cache(&self) -> &PluginCache {
        &self.cache
    }

    /// The digests that a reference stands for now. Where it has tag and digest, both must agree.
    ///
    /// # Errors
    /// When it is not there, was moved, cannot be read, or is of something else than a component.
    pub fn resolve(&self, reference: &Reference) -> Result<Resolved, RegistryError> {
        self.in_any_place(reference, &|repository| {
            let document = self.document(repository, reference)?;
            self.keep(&document)?;
            let named = document.digest;
            let (manifest, component) = index::descend(repository, reference, document)?;
            if manifest.digest != named {
                self.keep(&manifest)?;
            }
            Ok(Resolved { reference: reference.clone(), manifest: manifest.digest, component })
        })
    }

    /// The manifest or index that a reference stands for now, as it is.
    ///
    /// # Errors
    /// When it is not there, was moved, or cannot be read.
    pub fn manifest(&self, reference: &Reference) -> Result<Document, RegistryError> {
        self.in_any_place(reference, &|repository| self.document(repository, reference))
    }

    /// The bytes of what `resolve` gave, verified.
    ///
    /// # Errors
    /// When they are missing, cut off, damaged or too large.
    pub fn fetch(&self, resolved: &Resolved) -> Result<Vec<u8>, RegistryError> {
        self.component_bytes(&resolved.reference, &resolved.component)
    }

    /// Checks that a locked manifest describes the locked component: what was signed is what will run. Once the manifest
    /// was seen, nobody is asked.
    ///
    /// # Errors
    /// When it describes another one, or cannot be had.
    pub fn check_pin(&self, entry: &LockEntry) -> Result<Descriptor, RegistryError> {
        let reference: Reference = entry.pin.reference.parse()?;
        self.check_digest(&reference, &entry.manifest)?;
        let bytes = self.manifest_bytes(&reference, &entry.manifest)?;
        let described = component_of(&reference, &bytes)?;
        if described.digest == entry.pin.digest {
            return Ok(described);
        }
        let [manifest, found, wanted] = [entry.manifest, described.digest, entry.pin.digest];
        Err(RegistryError::Mismatch { reference: entry.pin.reference.clone(), manifest, found, wanted })
    }

    /// A digest in the reference holds for what is locked: it is the manifest's, or that of an index which leads to it.
    fn check_digest(&self, reference: &Reference, manifest: &Digest) -> Result<(), RegistryError> {
        let Some(named) = reference.digest().filter(|named| *named != manifest) else { return Ok(()) };
        let alone: Reference = format!("{}@{named}", reference.name()).parse()?;
        match self.resolve(&alone)?.manifest {
            found if found == *manifest => Ok(()),
            _ => Err(RegistryError::Moved { reference: reference.to_string(), found: *manifest, wanted: *named }),
        }
    }

    /// The bytes of a locked plugin, verified; where its tag points now does not matter.
    ///
    /// # Errors
    /// When they cannot be had, are damaged, too large, or not the locked ones.
    pub fn component(&self, entry: &LockEntry) -> Result<Vec<u8>, RegistryError> {
        let described = self.check_pin(entry)?;
        self.component_bytes(&entry.pin.reference.parse()?, &described)
    }

    /// Where `push` and `attach` write: the first place that the mirrors name, for people.
    #[must_use]
    pub fn first_place(&self, reference: &Reference) -> String {
        self.mirrors.locate(reference).into_iter().next().unwrap_or_default()
    }

    /// Whether a place still has a locked manifest. Nothing that is cached counts.
    ///
    /// # Errors
    /// When none has it, or none can be asked.
    pub fn check_held(&self, entry: &LockEntry) -> Result<(), RegistryError> {
        let reference: Reference = entry.pin.reference.parse()?;
        self.in_any_place(&reference, &|repository| repository.manifest(&entry.manifest).map(drop))
    }

    /// Stores a component under a reference's tag in the first place that the mirrors name for it.
    ///
    /// # Errors
    /// As `store` and `tag`.
    pub fn push(
        &self,
        reference: &Reference,
        component: &[u8],
        author: Option<&str>,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Packed, RegistryError> {
        let packed = self.store(reference, component, author, annotations)?;
        self.tag(reference, &packed)?;
        Ok(packed)
    }

    /// Stores a component, and lets no tag stand for it yet: what is to be signed is signed before anybody finds it.
    ///
    /// # Errors
    /// When the bytes are no component, the reference has no tag, or the place does not take it.
    pub fn store(
        &self,
        reference: &Reference,
        component: &[u8],
        author: Option<&str>,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Packed, RegistryError> {
        if reference.tag().is_none() {
            return Err(RegistryError::Untagged { reference: reference.to_string() });
        }
        let packed = pack(component, author, annotations)
            .map_err(|source| RegistryError::Pack { reference: reference.to_string(), source })?;
        self.in_first_place(reference, &|repository| {
            let told = self.progress.begin(&reference.to_string(), packed.component.size);
            repository.put_blob(&packed.component, component, &*told)?;
            let config = Descriptor::of(CONFIG_MEDIA_TYPE, &packed.config);
            repository.put_blob(&config, &packed.config, &crate::repository::Silent)?;
            repository.put_manifest(None, MANIFEST_MEDIA_TYPE, &packed.manifest)
        })?;
        Ok(packed)
    }

    /// Lets a reference's tag stand for what was stored.
    ///
    /// # Errors
    /// When the place does not take it.
    pub fn tag(&self, reference: &Reference, packed: &Packed) -> Result<(), RegistryError> {
        let put = |repository: &dyn Repository| {
            repository.put_manifest(reference.tag(), MANIFEST_MEDIA_TYPE, &packed.manifest).map(drop)
        };
        self.in_first_place(reference, &put)
    }

    /// A blob, from the cache or through it.
    pub(crate) fn blob(
        &self,
        repository: &dyn Repository,
        wanted: &Descriptor,
        name: &str,
    ) -> Result<Vec<u8>, RegistryError> {
        let fetched = self.cache.fetch(wanted, |partial| {
            let told = self.progress.begin(name, wanted.size);
            repository.blob(wanted, partial, &*told)
        });
        fetched.map_err(|error| match error {
            Unfetched::Source(error) => error,
            Unfetched::Disk(source) => RegistryError::Cache { action: "keep", reference: name.to_owned(), source },
            Unfetched::Wrong { found, found_bytes } => RegistryError::WrongBlob {
                reference: name.to_owned(),
                wanted: wanted.digest,
                wanted_bytes: wanted.size,
                found,
                found_bytes,
            },
        })
    }

    fn document(&self, repository: &dyn Repository, reference: &Reference) -> Result<Document, RegistryError> {
        let found = match (reference.tag(), reference.digest()) {
            (Some(tag), _) => repository.tagged(tag)?.ok_or_else(|| repository.unknown(tag))?,
            (None, Some(digest)) => match self.cache.get(digest, MANIFEST_BYTES_MAX) {
                Some(bytes) => Document::of(bytes, None),
                None => repository.manifest(digest)?,
            },
            (None, None) => return Err(RegistryError::Untagged { reference: reference.to_string() }),
        };
        match reference.digest() {
            Some(wanted) if *wanted != found.digest => {
                let (reference, found) = (reference.to_string(), found.digest);
                Err(RegistryError::Moved { reference, found, wanted: *wanted })
            }
            _ => Ok(found),
        }
    }

    fn manifest_bytes(&self, reference: &Reference, digest: &Digest) -> Result<Vec<u8>, RegistryError> {
        if let Some(bytes) = self.cache.get(digest, MANIFEST_BYTES_MAX) {
            return Ok(bytes);
        }
        let document = self.in_any_place(reference, &|repository| repository.manifest(digest))?;
        self.keep(&document)?;
        Ok(document.bytes)
    }

    fn component_bytes(&self, reference: &Reference, wanted: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        self.in_any_place(reference, &|repository| self.blob(repository, wanted, &reference.to_string()))
    }

    fn keep(&self, document: &Document) -> Result<(), RegistryError> {
        let failed = |source| RegistryError::Cache { action: "keep", reference: document.digest.to_string(), source };
        self.cache.put(&document.bytes).map_err(failed)
    }

    /// Asks one place after the other until one has it.
    pub(crate) fn in_any_place<T>(
        &self,
        reference: &Reference,
        ask: &dyn Fn(&dyn Repository) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut errors = Vec::new();
        for place in self.mirrors.places(reference) {
            match self.in_place(&place, reference, ask) {
                Err(error) if error.is_of_one_place() => errors.push((place.location.to_string(), error)),
                ended => return ended,
            }
        }
        Err(RegistryError::of_places(reference, errors))
    }

    /// Asks every place; an error only where none answered.
    pub(crate) fn in_each_place<T>(
        &self,
        reference: &Reference,
        ask: &dyn Fn(&dyn Repository) -> Result<T, RegistryError>,
    ) -> Result<Vec<T>, RegistryError> {
        let (mut answers, mut errors) = (Vec::new(), Vec::new());
        for place in self.mirrors.places(reference) {
            match self.in_place(&place, reference, ask) {
                Ok(answer) => answers.push(answer),
                Err(error) => errors.push((place.location.to_string(), error)),
            }
        }
        if answers.is_empty() { Err(RegistryError::of_places(reference, errors)) } else { Ok(answers) }
    }

    /// Writing goes to one place only: the first.
    pub(crate) fn in_first_place<T>(
        &self,
        reference: &Reference,
        ask: &dyn Fn(&dyn Repository) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        match self.mirrors.places(reference).first() {
            Some(place) => self.in_place(place, reference, ask),
            None => Err(RegistryError::of_places(reference, Vec::new())),
        }
    }

    fn in_place<T>(
        &self,
        place: &Place,
        reference: &Reference,
        ask: &dyn Fn(&dyn Repository) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        match &place.location {
            Location::OciLayout(path) => {
                let unopened = |source| RegistryError::Unopened { reference: reference.to_string(), source };
                let layout = Layout::open(path).map_err(|error| unopened(Box::new(error)))?;
                ask(&LayoutRepository::new(layout, &place.path))
            }
            Location::Registry(endpoint) => ask(&RemoteRepository::new(&self.client, endpoint, &place.path)),
        }
    }
}

fn component_of(reference: &Reference, manifest: &[u8]) -> Result<Descriptor, RegistryError> {
    let parsed = Manifest::parse(manifest);
    let component = parsed.and_then(|manifest| manifest.component().cloned());
    component.map_err(|reason| RegistryError::Manifest { reference: reference.to_string(), reason })
}
