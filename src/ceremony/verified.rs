//! A request whose opener is known.

use quorate_share::{Kind, SetId};

use super::asked::{Asked, Form, Head, REQUEST};
use super::pair;
use super::request::{MAX_REQUEST, Request, RequestError};
use crate::roster::holder_key::Namespace;
use crate::roster::name::Name;
use crate::vault::manifest::Manifest;
use crate::vault::record::{Digest, Record};
use crate::world::Timestamp;

/// A request whose signature fits a holder key of the very set that it asks.
pub struct VerifiedRequest {
    request: Request,
    digest: Digest,
    alone: Digest,
}

impl VerifiedRequest {
    /// Reads and verifies a request file.
    ///
    /// # Errors
    /// [`RequestError`]; expiry isn't one of them here, see [`VerifiedRequest::open_at`].
    pub fn read(file: &[u8], manifest: &Manifest) -> Result<Self, RequestError> {
        // The signature first: drafts that the opener didn't sign aren't even decoded.
        let head = Head::read(&mut Record::parse(file, "request", MAX_REQUEST)?)?;
        let set = head.set(manifest, |set| set.set)?;
        let dealt = head.opener_in(set)?;
        let opener = head.opener.clone();
        let mut record = Record::parse(file, "request", MAX_REQUEST)?;
        record
            .verify(&dealt.holder_key, Namespace::Request)
            .map_err(|error| RequestError::Signature { opener, error })?;
        let request = Request::read(&mut record)?;
        let digest = record.digest();
        let alone = match request.with {
            None => digest,
            Some(_) => request.alone()?,
        };
        Ok(Self {
            request,
            digest,
            alone,
        })
    }

    /// What is asked.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The SHA-256 of what the opener signed: the request's identity.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The digest that it would have alone: what the other one of a pair names.
    #[must_use]
    pub fn alone(&self) -> Digest {
        self.alone
    }

    /// What its eight words are over: both of a pair have the same.
    #[must_use]
    pub fn compared(&self) -> Digest {
        match self.request.with {
            None => self.digest,
            Some(with) => pair::digest(self.alone, with),
        }
    }

    /// Can it be answered and carried out at this moment?
    ///
    /// # Errors
    /// [`RequestError::Future`], [`RequestError::Closed`].
    pub fn open_at(&self, now: Timestamp) -> Result<(), RequestError> {
        Asked::open_at(self, now)
    }
}

impl Asked for VerifiedRequest {
    fn form(&self) -> &'static Form {
        &REQUEST
    }

    fn vault(&self) -> [u8; 16] {
        self.request.vault
    }

    fn digest(&self) -> Digest {
        self.digest
    }

    fn opener(&self) -> &Name {
        &self.request.opener
    }

    fn kind(&self) -> Kind {
        self.request.kind
    }

    fn set(&self) -> SetId {
        self.request.set
    }

    fn opened(&self) -> Timestamp {
        self.request.opened
    }

    fn closes(&self) -> Timestamp {
        self.request.closes
    }

    fn one_time(&self) -> &str {
        &self.request.one_time
    }
}
