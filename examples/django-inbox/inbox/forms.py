"""What may come from outside, checked."""

from django import forms
from django.core.exceptions import ValidationError

from inbox.models import Message, new_key


class MessageForm(forms.ModelForm):
    """A message that arrives; its text is kept as it is, blanks too."""

    key = forms.CharField(max_length=200, required=False)
    body = forms.CharField(max_length=100_000, required=False, strip=False)
    received_at = forms.DateTimeField(required=False)

    class Meta:
        model = Message
        fields = ("key", "sender", "body", "received_at")

    def clean_key(self) -> str:
        """Return the sender's own key, or a new one."""
        return self.cleaned_data["key"] or new_key()

    def clean_received_at(self) -> object:
        """Return when the message was received; without a time, now."""
        default = Message._meta.get_field("received_at").get_default()
        return self.cleaned_data["received_at"] or default

    def clean(self) -> None:
        """Refuse what UTF-8 cannot hold: the database could not keep it."""
        for name, value in list(self.cleaned_data.items()):
            if isinstance(value, str) and not value.isascii():
                try:
                    value.encode()
                except UnicodeEncodeError:
                    self.add_error(name, ValidationError("a lone surrogate; send text"))

    def validate_unique(self) -> None:
        """Accept a key that is there: a sender may deliver twice."""


class CorrectionForm(forms.Form):
    """A person's label of a message: one of those that its model knows."""

    label = forms.ChoiceField()

    def __init__(self, message: Message, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        labels = message.scores or {}
        self.fields["label"].choices = [(label, label) for label in labels]
