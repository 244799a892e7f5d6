"""Generated from ``schemas/``: python -m nightsieve.serving.generate."""

import re
from decimal import Decimal

from nightsieve.serving.contract.validation import JsonSchemaValueException

NoneType = type(None)


def validate_prediction_request(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object", value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'properties': {'messages': {'type': 'array', 'minItems': 1, 'maxItems': 1000, 'items': {'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': 200}, 'text': {'type': 'string', 'maxLength': 100000}}, 'required': ['text'], 'additionalProperties': False}}, 'thresholds': {'type': 'boolean'}, 'explain': {'type': 'integer', 'minimum': 0, 'maximum': 100}}, 'required': ['messages'], 'additionalProperties': False}, rule='type')
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['messages']) - data.keys()
        if data__missing_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must contain " + (str(sorted(data__missing_keys)) + " properties"), value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'properties': {'messages': {'type': 'array', 'minItems': 1, 'maxItems': 1000, 'items': {'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': 200}, 'text': {'type': 'string', 'maxLength': 100000}}, 'required': ['text'], 'additionalProperties': False}}, 'thresholds': {'type': 'boolean'}, 'explain': {'type': 'integer', 'minimum': 0, 'maximum': 100}}, 'required': ['messages'], 'additionalProperties': False}, rule='required')
        data_keys = set(data.keys())
        if "messages" in data_keys:
            data_keys.remove("messages")
            data__messages = data["messages"]
            if not isinstance(data__messages, (list, tuple)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".messages must be array", value=data__messages, name="" + (name_prefix or "data") + ".messages", definition={'type': 'array', 'minItems': 1, 'maxItems': 1000, 'items': {'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': 200}, 'text': {'type': 'string', 'maxLength': 100000}}, 'required': ['text'], 'additionalProperties': False}}, rule='type')
            data__messages_is_list = isinstance(data__messages, (list, tuple))
            if data__messages_is_list:
                data__messages_len = len(data__messages)
                if data__messages_len < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".messages must contain at least 1 items", value=data__messages, name="" + (name_prefix or "data") + ".messages", definition={'type': 'array', 'minItems': 1, 'maxItems': 1000, 'items': {'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': 200}, 'text': {'type': 'string', 'maxLength': 100000}}, 'required': ['text'], 'additionalProperties': False}}, rule='minItems')
                if data__messages_len > 1000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".messages must contain less than or equal to 1000 items", value=data__messages, name="" + (name_prefix or "data") + ".messages", definition={'type': 'array', 'minItems': 1, 'maxItems': 1000, 'items': {'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': 200}, 'text': {'type': 'string', 'maxLength': 100000}}, 'required': ['text'], 'additionalProperties': False}}, rule='maxItems')
                for data__messages_x, data__messages_item in enumerate(data__messages):
                    if not isinstance(data__messages_item, (dict)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".messages[{data__messages_x}]".format(**locals()) + " must be object", value=data__messages_item, name="" + (name_prefix or "data") + ".messages[{data__messages_x}]".format(**locals()) + "", definition={'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': 200}, 'text': {'type': 'string', 'maxLength': 100000}}, 'required': ['text'], 'additionalProperties': False}, rule='type')
                    data__messages_item_is_dict = isinstance(data__messages_item, dict)
                    if data__messages_item_is_dict:
                        data__messages_item__missing_keys = set(['text']) - data__messages_item.keys()
                        if data__messages_item__missing_keys:
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".messages[{data__messages_x}]".format(**locals()) + " must contain " + (str(sorted(data__messages_item__missing_keys)) + " properties"), value=data__messages_item, name="" + (name_prefix or "data") + ".messages[{data__messages_x}]".format(**locals()) + "", definition={'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': 200}, 'text': {'type': 'string', 'maxLength': 100000}}, 'required': ['text'], 'additionalProperties': False}, rule='required')
                        data__messages_item_keys = set(data__messages_item.keys())
                        if "id" in data__messages_item_keys:
                            data__messages_item_keys.remove("id")
                            data__messages_item__id = data__messages_item["id"]
                            if not isinstance(data__messages_item__id, (str)):
                                raise JsonSchemaValueException("" + (name_prefix or "data") + ".messages[{data__messages_x}].id".format(**locals()) + " must be string", value=data__messages_item__id, name="" + (name_prefix or "data") + ".messages[{data__messages_x}].id".format(**locals()) + "", definition={'type': 'string', 'maxLength': 200}, rule='type')
                            if isinstance(data__messages_item__id, str):
                                data__messages_item__id_len = len(data__messages_item__id)
                                if data__messages_item__id_len > 200:
                                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".messages[{data__messages_x}].id".format(**locals()) + " must be shorter than or equal to 200 characters", value=data__messages_item__id, name="" + (name_prefix or "data") + ".messages[{data__messages_x}].id".format(**locals()) + "", definition={'type': 'string', 'maxLength': 200}, rule='maxLength')
                        if "text" in data__messages_item_keys:
                            data__messages_item_keys.remove("text")
                            data__messages_item__text = data__messages_item["text"]
                            if not isinstance(data__messages_item__text, (str)):
                                raise JsonSchemaValueException("" + (name_prefix or "data") + ".messages[{data__messages_x}].text".format(**locals()) + " must be string", value=data__messages_item__text, name="" + (name_prefix or "data") + ".messages[{data__messages_x}].text".format(**locals()) + "", definition={'type': 'string', 'maxLength': 100000}, rule='type')
                            if isinstance(data__messages_item__text, str):
                                data__messages_item__text_len = len(data__messages_item__text)
                                if data__messages_item__text_len > 100000:
                                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".messages[{data__messages_x}].text".format(**locals()) + " must be shorter than or equal to 100000 characters", value=data__messages_item__text, name="" + (name_prefix or "data") + ".messages[{data__messages_x}].text".format(**locals()) + "", definition={'type': 'string', 'maxLength': 100000}, rule='maxLength')
                        if data__messages_item_keys:
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".messages[{data__messages_x}]".format(**locals()) + " must not contain "+str(data__messages_item_keys)+" properties", value=data__messages_item, name="" + (name_prefix or "data") + ".messages[{data__messages_x}]".format(**locals()) + "", definition={'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': 200}, 'text': {'type': 'string', 'maxLength': 100000}}, 'required': ['text'], 'additionalProperties': False}, rule='additionalProperties')
        if "thresholds" in data_keys:
            data_keys.remove("thresholds")
            data__thresholds = data["thresholds"]
            if not isinstance(data__thresholds, (bool)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".thresholds must be boolean", value=data__thresholds, name="" + (name_prefix or "data") + ".thresholds", definition={'type': 'boolean'}, rule='type')
        if "explain" in data_keys:
            data_keys.remove("explain")
            data__explain = data["explain"]
            if not isinstance(data__explain, (int)) and not (isinstance(data__explain, float) and data__explain.is_integer()) or isinstance(data__explain, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".explain must be integer", value=data__explain, name="" + (name_prefix or "data") + ".explain", definition={'type': 'integer', 'minimum': 0, 'maximum': 100}, rule='type')
            if isinstance(data__explain, (int, float, Decimal)) and not isinstance(data__explain, bool):
                if data__explain < 0:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".explain must be bigger than or equal to 0", value=data__explain, name="" + (name_prefix or "data") + ".explain", definition={'type': 'integer', 'minimum': 0, 'maximum': 100}, rule='minimum')
                if data__explain > 100:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".explain must be smaller than or equal to 100", value=data__explain, name="" + (name_prefix or "data") + ".explain", definition={'type': 'integer', 'minimum': 0, 'maximum': 100}, rule='maximum')
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties", value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'properties': {'messages': {'type': 'array', 'minItems': 1, 'maxItems': 1000, 'items': {'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': 200}, 'text': {'type': 'string', 'maxLength': 100000}}, 'required': ['text'], 'additionalProperties': False}}, 'thresholds': {'type': 'boolean'}, 'explain': {'type': 'integer', 'minimum': 0, 'maximum': 100}}, 'required': ['messages'], 'additionalProperties': False}, rule='additionalProperties')
    return data