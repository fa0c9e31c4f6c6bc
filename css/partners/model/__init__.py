"""The tables of the gateway: who may call and how, what came, and what was delivered. No other floor knows them."""

from __future__ import annotations

from css.partners.model.delivery import Delivery, DeliveryAttempt, DeliveryOutcome, DeliveryWay, PartnerTerms
from css.partners.model.inbox import Channel, InboxMessage, InboxState, MessageEvent, RejectedMessage
from css.partners.model.keys import KeyArea, PartnerCertificate, PartnerKey
from css.partners.model.sandbox import (
    SandboxArea,
    SandboxCase,
    SandboxDocument,
    SandboxMatter,
    SandboxMessage,
    SandboxPass,
    SandboxStep,
)

__all__ = [
    "Channel",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryOutcome",
    "DeliveryWay",
    "InboxMessage",
    "InboxState",
    "KeyArea",
    "MessageEvent",
    "PartnerCertificate",
    "PartnerKey",
    "PartnerTerms",
    "RejectedMessage",
    "SandboxArea",
    "SandboxCase",
    "SandboxDocument",
    "SandboxMatter",
    "SandboxMessage",
    "SandboxPass",
    "SandboxStep",
]
