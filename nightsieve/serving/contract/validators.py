"""Generated from ``schemas/``: python -m nightsieve.serving.generate."""

from nightsieve.serving.contract.validation import Misfit, missing_field, unknown_field


def validate_correction(data):
    if not isinstance(data, dict):
        raise Misfit((), 'must be an object')
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['message_key', 'label']) - data.keys()
        if data__missing_keys:
            raise missing_field((), data, ('message_key', 'label'))
        data_keys = set(data.keys())
        if 'message_key' in data_keys:
            data_keys.remove('message_key')
            data__messagekey = data['message_key']
            if not isinstance(data__messagekey, str):
                raise Misfit(('message_key',), 'must be a string')
            if isinstance(data__messagekey, str):
                data__messagekey_len = len(data__messagekey)
                if data__messagekey_len < 1:
                    raise Misfit(('message_key',), 'must have at least 1 character')
                if data__messagekey_len > 1000:
                    raise Misfit(('message_key',), 'must have at most 1,000 characters')
        if 'label' in data_keys:
            data_keys.remove('label')
            data__label = data['label']
            if not isinstance(data__label, str):
                raise Misfit(('label',), 'must be a string')
            if isinstance(data__label, str):
                data__label_len = len(data__label)
                if data__label_len < 1:
                    raise Misfit(('label',), 'must have at least 1 character')
                if data__label_len > 200:
                    raise Misfit(('label',), 'must have at most 200 characters')
        if 'annotator' in data_keys:
            data_keys.remove('annotator')
            data__annotator = data['annotator']
            if not isinstance(data__annotator, str):
                raise Misfit(('annotator',), 'must be a string')
            if isinstance(data__annotator, str):
                data__annotator_len = len(data__annotator)
                if data__annotator_len > 200:
                    raise Misfit(('annotator',), 'must have at most 200 characters')
        if data_keys:
            raise unknown_field((), data, ('message_key', 'label', 'annotator'))
    return data

def validate_corrections(data):
    if not isinstance(data, dict):
        raise Misfit((), 'must be an object')
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['corrections']) - data.keys()
        if data__missing_keys:
            raise missing_field((), data, ('corrections',))
        data_keys = set(data.keys())
        if 'corrections' in data_keys:
            data_keys.remove('corrections')
            data__corrections = data['corrections']
            if not isinstance(data__corrections, list):
                raise Misfit(('corrections',), 'must be a list')
            data__corrections_is_list = isinstance(data__corrections, list)
            if data__corrections_is_list:
                data__corrections_len = len(data__corrections)
                if data__corrections_len < 1:
                    raise Misfit(('corrections',), 'must have at least 1 item')
                if data__corrections_len > 1000:
                    raise Misfit(('corrections',), 'must have at most 1,000 items')
                for data__corrections_x, data__corrections_item in enumerate(data__corrections):
                    if not isinstance(data__corrections_item, dict):
                        raise Misfit(('corrections', data__corrections_x), 'must be an object')
                    data__corrections_item_is_dict = isinstance(data__corrections_item, dict)
                    if data__corrections_item_is_dict:
                        data__corrections_item__missing_keys = set(['message_key', 'label']) - data__corrections_item.keys()
                        if data__corrections_item__missing_keys:
                            raise missing_field(('corrections', data__corrections_x), data__corrections_item, ('message_key', 'label'))
                        data__corrections_item_keys = set(data__corrections_item.keys())
                        if 'message_key' in data__corrections_item_keys:
                            data__corrections_item_keys.remove('message_key')
                            data__corrections_item__messagekey = data__corrections_item['message_key']
                            if not isinstance(data__corrections_item__messagekey, str):
                                raise Misfit(('corrections', data__corrections_x, 'message_key'), 'must be a string')
                            if isinstance(data__corrections_item__messagekey, str):
                                data__corrections_item__messagekey_len = len(data__corrections_item__messagekey)
                                if data__corrections_item__messagekey_len < 1:
                                    raise Misfit(('corrections', data__corrections_x, 'message_key'), 'must have at least 1 character')
                                if data__corrections_item__messagekey_len > 1000:
                                    raise Misfit(('corrections', data__corrections_x, 'message_key'), 'must have at most 1,000 characters')
                        if 'label' in data__corrections_item_keys:
                            data__corrections_item_keys.remove('label')
                            data__corrections_item__label = data__corrections_item['label']
                            if not isinstance(data__corrections_item__label, str):
                                raise Misfit(('corrections', data__corrections_x, 'label'), 'must be a string')
                            if isinstance(data__corrections_item__label, str):
                                data__corrections_item__label_len = len(data__corrections_item__label)
                                if data__corrections_item__label_len < 1:
                                    raise Misfit(('corrections', data__corrections_x, 'label'), 'must have at least 1 character')
                                if data__corrections_item__label_len > 200:
                                    raise Misfit(('corrections', data__corrections_x, 'label'), 'must have at most 200 characters')
                        if 'annotator' in data__corrections_item_keys:
                            data__corrections_item_keys.remove('annotator')
                            data__corrections_item__annotator = data__corrections_item['annotator']
                            if not isinstance(data__corrections_item__annotator, str):
                                raise Misfit(('corrections', data__corrections_x, 'annotator'), 'must be a string')
                            if isinstance(data__corrections_item__annotator, str):
                                data__corrections_item__annotator_len = len(data__corrections_item__annotator)
                                if data__corrections_item__annotator_len > 200:
                                    raise Misfit(('corrections', data__corrections_x, 'annotator'), 'must have at most 200 characters')
                        if data__corrections_item_keys:
                            raise unknown_field(('corrections', data__corrections_x), data__corrections_item, ('message_key', 'label', 'annotator'))
        if data_keys:
            raise unknown_field((), data, ('corrections',))
    return data

def validate_prediction_request(data):
    if not isinstance(data, dict):
        raise Misfit((), 'must be an object')
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['messages']) - data.keys()
        if data__missing_keys:
            raise missing_field((), data, ('messages',))
        data_keys = set(data.keys())
        if 'messages' in data_keys:
            data_keys.remove('messages')
            data__messages = data['messages']
            if not isinstance(data__messages, list):
                raise Misfit(('messages',), 'must be a list')
            data__messages_is_list = isinstance(data__messages, list)
            if data__messages_is_list:
                data__messages_len = len(data__messages)
                if data__messages_len < 1:
                    raise Misfit(('messages',), 'must have at least 1 item')
                if data__messages_len > 1000:
                    raise Misfit(('messages',), 'must have at most 1,000 items')
                for data__messages_x, data__messages_item in enumerate(data__messages):
                    if not isinstance(data__messages_item, dict):
                        raise Misfit(('messages', data__messages_x), 'must be an object')
                    data__messages_item_is_dict = isinstance(data__messages_item, dict)
                    if data__messages_item_is_dict:
                        data__messages_item__missing_keys = set(['text']) - data__messages_item.keys()
                        if data__messages_item__missing_keys:
                            raise missing_field(('messages', data__messages_x), data__messages_item, ('text',))
                        data__messages_item_keys = set(data__messages_item.keys())
                        if 'id' in data__messages_item_keys:
                            data__messages_item_keys.remove('id')
                            data__messages_item__id = data__messages_item['id']
                            if not isinstance(data__messages_item__id, str):
                                raise Misfit(('messages', data__messages_x, 'id'), 'must be a string')
                            if isinstance(data__messages_item__id, str):
                                data__messages_item__id_len = len(data__messages_item__id)
                                if data__messages_item__id_len > 200:
                                    raise Misfit(('messages', data__messages_x, 'id'), 'must have at most 200 characters')
                        if 'text' in data__messages_item_keys:
                            data__messages_item_keys.remove('text')
                            data__messages_item__text = data__messages_item['text']
                            if not isinstance(data__messages_item__text, str):
                                raise Misfit(('messages', data__messages_x, 'text'), 'must be a string')
                            if isinstance(data__messages_item__text, str):
                                data__messages_item__text_len = len(data__messages_item__text)
                                if data__messages_item__text_len > 100000:
                                    raise Misfit(('messages', data__messages_x, 'text'), 'must have at most 100,000 characters')
                        if data__messages_item_keys:
                            raise unknown_field(('messages', data__messages_x), data__messages_item, ('id', 'text'))
        if 'thresholds' in data_keys:
            data_keys.remove('thresholds')
            data__thresholds = data['thresholds']
            if not isinstance(data__thresholds, bool):
                raise Misfit(('thresholds',), 'must be true or false')
        if 'explain' in data_keys:
            data_keys.remove('explain')
            data__explain = data['explain']
            if not isinstance(data__explain, int) and (not (isinstance(data__explain, float) and data__explain.is_integer())) or isinstance(data__explain, bool):
                raise Misfit(('explain',), 'must be an integer')
            if isinstance(data__explain, (int, float)) and (not isinstance(data__explain, bool)):
                if data__explain < 0:
                    raise Misfit(('explain',), 'must be 0 or more')
                if data__explain > 100:
                    raise Misfit(('explain',), 'must be 100 or less')
        if data_keys:
            raise unknown_field((), data, ('messages', 'thresholds', 'explain'))
    return data
